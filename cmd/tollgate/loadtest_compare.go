package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/loadtest/report"
)

func newLoadtestCompare() *cobra.Command {
	var o report.CompareOptions
	var percent float64
	cmd := &cobra.Command{
		Use:   "compare BEFORE AFTER",
		Short: "Say whether two recorded runs differ, by how much, and how surely",
		Long: `Holds every metric that two runs have in common against each other. A metric is
better or worse when it differs by more than the threshold and its interval
excludes chance; the confidence is of all metrics together.

Exit code 0 if nothing is worse, 1 if something is, 2 if the runs cannot be read
or have nothing that can be compared: a metric needs five rounds in each.`,
		Example: `  tollgate loadtest compare results/2026-11-24-full results/2026-12-01-full
  tollgate loadtest compare --threshold 10 before after || echo slower`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("%s takes the folders of two runs; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if percent <= 0 || o.Confidence <= 0 || o.Confidence >= 1 {
				return usagef("--threshold is above 0 and --confidence between 0 and 1")
			}
			o.Threshold = percent / 100
			var runs [2]*report.Summary
			for i, dir := range args {
				var err error
				if runs[i], err = report.Read(dir); err != nil {
					return usagef("%s holds no summary of a run: %v", dir, err)
				}
			}
			for _, what := range report.Unlike(runs[0], runs[1]) {
				cmd.PrintErrln("the runs differ in more than their results:", what)
			}
			list := report.Compare(runs[0], runs[1], o)
			worse, err := report.WriteComparison(cmd.OutOrStdout(), list)
			if err != nil {
				return err
			}
			if report.Count(list, report.Better, report.Worse, report.Same) == 0 {
				return usagef("%s and %s have no metric in common with enough rounds in both", args[0], args[1])
			}
			if worse > 0 {
				return fmt.Errorf("%d metrics of %s are worse than in %s", worse, args[1], args[0])
			}
			return nil
		},
	}
	cmd.Flags().Float64Var(&percent, "threshold", 5, "smaller differences do not matter, in percent")
	cmd.Flags().Float64Var(&o.Confidence, "confidence", 0.95, "that nothing is called different by chance")
	return cmd
}
