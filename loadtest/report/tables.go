package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/loadtest/record"
)

// table is one of the report, in words.
type table struct {
	Title, Text string
	Head        []string
	Rows        [][]string
}

// tables are those that have rows.
func (s *Summary) tables() []table {
	list := []table{s.latencyTable(), s.differenceTable(), s.costTable(), s.budgetTable()}
	return slices.DeleteFunc(list, func(t table) bool { return len(t.Rows) == 0 })
}

func (s *Summary) latencyTable() table {
	t := table{Title: "Response times", Head: []string{"mode", "p50", "p90", "p99", "p99.9"},
		Text: "From the intended moment of sending to the last byte, with 95 % intervals. A dash: fewer than 100 requests lie beyond."}
	for _, m := range s.Modes {
		if m.Quantiles == nil {
			continue
		}
		row := []string{m.Name}
		for _, q := range quoted {
			row = append(row, duration(m.Quantiles[q.name]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (s *Summary) differenceTable() table {
	names := []string{}
	for _, m := range s.Modes {
		if m.Quantiles != nil {
			names = append(names, m.Name)
		}
	}
	ref := reference(names)
	t := table{Title: "Difference from " + ref, Head: []string{"mode", "p50", "p90", "p99", "p99.9", "at the median"},
		Text: "The same rounds, subtracted."}
	for _, m := range s.Modes {
		if m.FromJWT == nil || m.Name == ref {
			continue
		}
		row := []string{m.Name}
		for _, q := range quoted {
			row = append(row, difference(m.FromJWT[q.name]))
		}
		t.Rows = append(t.Rows, append(row, m.Reading))
	}
	return t
}

func (s *Summary) costTable() table {
	var processes []string
	for _, m := range s.Modes {
		for label := range m.CPU {
			if !slices.Contains(processes, label) && label != "generator" {
				processes = append(processes, label)
			}
		}
	}
	slices.Sort(processes)
	if len(processes) == 0 { // gateways of the user's, of which only answers are known
		return table{}
	}
	objective := microseconds(us * float64(s.Meta.Plan.Objective))
	t := table{Title: "What it takes", Text: "Capacity is a closed loop's rate with the generator on the same processors. CPU is processor time a request, all threads of a process."}
	t.Head = []string{"mode", "capacity, a second", "rate at p99 ≤ " + objective}
	for _, p := range processes {
		t.Head = append(t.Head, p+" CPU")
	}
	t.Head = append(t.Head, "introspections a request", "revocation lag, median / most")
	for _, m := range s.Modes {
		if strings.HasSuffix(m.Name, record.Again) {
			continue
		}
		most := with(m.MaxRate, count)
		if m.MaxOpen {
			most = "at least " + most
		}
		row := []string{m.Name, with(m.Capacity, count), most}
		for _, p := range processes {
			row = append(row, duration(m.CPU[p]))
		}
		row = append(row, with(m.Calls, digits))
		lag := "–"
		if m.LagMedian != nil {
			lag = fmt.Sprintf("%s / %s of %d", microseconds(*m.LagMedian), microseconds(*m.LagMax), m.LagSamples)
		}
		t.Rows = append(t.Rows, append(row, lag))
	}
	return t
}

func (s *Summary) budgetTable() table {
	t := table{Title: "Where the median goes", Head: []string{"mode", "parts"},
		Text: "Medians subtracted, one mode from another: what each step adds."}
	for _, b := range s.Budget {
		var parts []string
		for _, p := range b.Parts {
			parts = append(parts, p.Name+" "+difference(&p.Estimate))
		}
		t.Rows = append(t.Rows, []string{b.Mode, strings.Join(parts, "; ")})
	}
	return t
}

// trustLines are the answers to 'Can you trust this?', each with its name.
func (s *Summary) trustLines() [][2]string {
	t, m := s.Trust, s.Meta
	var lines [][2]string
	add := func(name, format string, args ...any) {
		lines = append(lines, [2]string{name, fmt.Sprintf(format, args...)})
	}
	if e := t.NoiseFloor["p50"]; e != nil {
		add("Noise floor", "a mode against itself differs by %s at p50, %s at p90, %s at p99", difference(e), difference(t.NoiseFloor["p90"]), difference(t.NoiseFloor["p99"]))
	}
	if t.LatenessP99 > 0 {
		add("Lateness of sending", "median %s, p99 %s in the comparison", microseconds(t.LatenessP50), microseconds(t.LatenessP99))
	}
	add("Offered and achieved", "the least that an interval which counts achieved is %.2f %% of what was offered", 100*t.LeastReached)
	add("Steal", "the hypervisor took %.2f %% of the processors' time on average, %.2f %% in the worst interval", 100*t.StealMean, 100*t.StealMax)
	add("Void", "%d of %d measured intervals; %d were planned", len(s.Void), t.Cells, t.Planned)
	add("Requests", "%s", count(float64(t.Requests)))
	add("Machine", "%s, %d cores, %s, %s, clock %s, virtual: %s", m.Machine.CPU, m.Machine.Cores, m.Machine.Memory, m.Machine.System, m.Machine.Clock, m.Machine.Virtual)
	add("Versions", "tollgate %s, %s", m.Version, m.Machine.Go)
	add("Settings", "seed %d, %d connections, spin %v, objective %v", m.Plan.Seed, m.Plan.Connections, m.Plan.Spin, m.Plan.Objective)
	for _, sw := range m.Plan.Sweeps {
		rate := ""
		if sw.Rate > 0 {
			rate = fmt.Sprintf(" at %s/s", count(sw.Rate))
		}
		planned, measured, void := len(sw.Modes)*len(sw.X)*sw.Rounds, t.Measured[sw.Phase], 0
		for _, v := range s.Void {
			if v.Phase == sw.Phase {
				void++
			}
		}
		if measured == 0 {
			add("Phase "+sw.Phase, "not measured: %d intervals were planned", planned)
			continue
		}
		add("Phase "+sw.Phase, "%d rounds of %v after %v of warm-up%s: %d of %d intervals measured, %d void", sw.Rounds, sw.Duration, sw.Warmup, rate, measured, planned, void)
	}
	add("Again", "%s", m.Command)
	return lines
}
