package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// run executes one command line and returns the exit code: 0, 1 for what
// failed, 2 for a command line that makes no sense.
func run(args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := known(root, args)
	if err == nil {
		err = root.Execute()
	}
	if err == nil {
		return 0
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(os.Stderr, "tollgate:", line)
	}
	if isUsage(err) {
		return 2
	}
	return 1
}

// known refuses a command that does not exist, before its flags are taken for
// those of root.
func known(root *cobra.Command, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return nil
	}
	if cmd, _, err := root.Find(args); err == nil && cmd == root && args[0] != cobra.ShellCompRequestCmd && args[0] != cobra.ShellCompNoDescRequestCmd {
		return unknownCommand(root, args)
	}
	return nil
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "tollgate",
		Short: "Access tokens at the API gateway: opaque, transparent, phantom",
		Example: `  tollgate dev                 the whole pattern on this machine
  tollgate dev --mode opaque   the same with tokens that say nothing
  tollgate dev --help          what can be set`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newDev(),
		newGateway(),
		newIntrospect(),
		newHash(),
		newCheck(),
		newVerify(),
		newUser(),
		newClient(),
		newKeys(),
		newLoadtest(),
		newVersion(),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}
