package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/loadtest"
)

func newLoadtestSelftest() *cobra.Command {
	return &cobra.Command{
		Use:   "selftest",
		Short: "Show what the load generator can do on this machine",
		Long: `Loads targets whose answers are known, for less than a minute: how late requests
are sent, whether a stall is seen for what it is, TLS, chunks, reconnects and
timeouts, and the processor time a request beside wrk's where that is installed.
The limits are those of an idle machine. Exit code 1 if one is missed.`,
		Example: "  tollgate loadtest selftest",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			binary, err := os.Executable()
			if err != nil {
				return err
			}
			ctx, stop := untilStopped(cmd.Context())
			defer stop()
			return loadtest.Selftest(ctx, binary, cmd.OutOrStdout())
		},
	}
}
