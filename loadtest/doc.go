// Package loadtest measures what each kind of token costs.
//
// It starts security services, gateways and a target as processes of their own
// (package rig), sends them requests on a schedule (schedule, generator), and
// records every measured interval in a journal (record). A report (report) is a
// function of that journal; the statistics are in stats. It speaks HTTP like any
// outsider and imports nothing of the engine, the gateway or the service.
//
//	plan := loadtest.Quick()
//	err := loadtest.Run(ctx, loadtest.Options{Plan: plan, Dir: "results/today-quick", Binary: os.Args[0]})
package loadtest
