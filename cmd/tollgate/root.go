package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// run executes one command line and returns the exit code: 0, 1 for what
// failed, 2 for a command line that makes no sense.
func run(args []string) int {
	root := &cobra.Command{
		Use:           "tollgate",
		Short:         "Access tokens at the API gateway: opaque, transparent, phantom",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetArgs(args)
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "tollgate:", err)
		return 2
	}
	return 0
}
