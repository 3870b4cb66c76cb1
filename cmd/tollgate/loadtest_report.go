package main

import "github.com/spf13/cobra"

func newLoadtestReport() *cobra.Command {
	return &cobra.Command{
		Use:     "report FOLDER",
		Short:   "Write the report of a recorded run again, from its raw measurements",
		Example: "  tollgate loadtest report results/2026-11-24-full",
		Args:    oneArg("the folder of a run"),
		RunE:    func(cmd *cobra.Command, args []string) error { return writeReport(cmd, args[0]) },
	}
}
