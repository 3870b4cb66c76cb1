package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/tollgate/tollgate/loadtest/stats"
)

// CompareOptions say what a difference is.
type CompareOptions struct {
	Threshold  float64 // smaller ones do not matter; default 0.05
	Confidence float64 // that no metric is called different by chance; default 0.95
}

// Verdict is what a comparison says of one metric.
type Verdict string

// The verdicts. Worse and Better are differences beyond the threshold whose
// interval excludes chance.
const (
	Same    Verdict = "no difference"
	Better  Verdict = "better"
	Worse   Verdict = "worse"
	TooFew  Verdict = "too few rounds"
	Missing Verdict = "in one run only"
)

// Compared is one metric of two runs.
type Compared struct {
	Metric  Metric // of the second run
	Before  float64
	After   float64
	Ratio   stats.Interval // after over before
	Verdict Verdict
}

// fewestRounds is how many rounds of each run a comparison needs.
const fewestRounds = 5

// Compare holds run b against run a. Rounds of two runs have nothing to do with
// each other, so each run's are drawn on their own. With m metrics every interval
// is one of 1 - (1-confidence)/m, so that the confidence is of all of them
// together (Bonferroni).
func Compare(a, b *Summary, o CompareOptions) []Compared {
	if o.Threshold == 0 {
		o.Threshold = 0.05
	}
	if o.Confidence == 0 {
		o.Confidence = 0.95
	}
	before := map[string]Metric{}
	for _, m := range a.Metrics {
		before[m.Name] = m
	}
	comparable := 0
	for _, m := range b.Metrics {
		if old, ok := before[m.Name]; ok && len(old.Rounds) >= fewestRounds && len(m.Rounds) >= fewestRounds {
			comparable++
		}
	}
	boot := stats.Bootstrap{Resamples: 20_000, Seed: 1, Confidence: 1 - (1-o.Confidence)/float64(max(1, comparable))}
	var out []Compared
	for _, m := range b.Metrics {
		old, ok := before[m.Name]
		delete(before, m.Name)
		if !ok {
			out = append(out, Compared{Metric: m, Before: math.NaN(), After: mean(m), Verdict: Missing})
			continue
		}
		c := Compared{Metric: m, Before: mean(old), After: mean(m)}
		c.Ratio = boot.Independent([]int{len(old.Rounds), len(m.Rounds)}, func(times [][]int) []float64 {
			return []float64{stats.Mean(m.Rounds, times[1]) / stats.Mean(old.Rounds, times[0])}
		})[0]
		c.Verdict = o.verdict(c.Ratio, m.Better, min(len(old.Rounds), len(m.Rounds)))
		out = append(out, c)
	}
	for _, m := range a.Metrics {
		if _, ok := before[m.Name]; ok {
			out = append(out, Compared{Metric: m, Before: mean(m), After: math.NaN(), Verdict: Missing})
		}
	}
	return out
}

func mean(m Metric) float64 { return stats.Mean(m.Rounds, ones(len(m.Rounds))) }

func (o CompareOptions) verdict(ratio stats.Interval, better string, rounds int) Verdict {
	switch {
	case rounds < fewestRounds:
		return TooFew
	case !ratio.Excludes(1) || math.Abs(ratio.Point-1) <= o.Threshold:
		return Same
	case (ratio.Point < 1) == (better == "lower"):
		return Better
	}
	return Worse
}

// WriteComparison writes a table and says how many are worse.
func WriteComparison(w io.Writer, list []Compared) (worse int, err error) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "METRIC\tUNIT\tBEFORE\tAFTER\tTIMES\tINTERVAL\tVERDICT")
	number := func(v float64) string {
		if math.IsNaN(v) {
			return "–"
		}
		return digits(v)
	}
	for _, c := range list {
		times, interval := "–", "–"
		if c.Verdict != Missing {
			times = number(c.Ratio.Point)
			if finite(c.Ratio.Low) && finite(c.Ratio.High) {
				interval = number(c.Ratio.Low) + " to " + number(c.Ratio.High)
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Metric.Name, c.Metric.Unit, number(c.Before), number(c.After), times, interval, c.Verdict)
		if c.Verdict == Worse {
			worse++
		}
	}
	if err := t.Flush(); err != nil {
		return worse, err
	}
	_, err = fmt.Fprintf(w, "\n%d better, %d worse, %d without a difference; not compared: %d of fewer than %d rounds in a run, %d in one run only\n",
		Count(list, Better), worse, Count(list, Same), Count(list, TooFew), fewestRounds, Count(list, Missing))
	return worse, err
}

// Count is how many of list have one of the verdicts.
func Count(list []Compared, verdicts ...Verdict) (n int) {
	for _, c := range list {
		if slices.Contains(verdicts, c.Verdict) {
			n++
		}
	}
	return n
}

// Unlike tells what, beside the metrics, is not the same in two runs.
func Unlike(a, b *Summary) (what []string) {
	note := func(name string, before, after any) {
		if before != after {
			what = append(what, fmt.Sprintf("%s: %v before, %v after", name, before, after))
		}
	}
	note("machine", a.Meta.Machine, b.Meta.Machine)
	note("plan", a.Meta.Plan.Name, b.Meta.Plan.Name)
	note("seed", a.Meta.Plan.Seed, b.Meta.Plan.Seed)
	for _, before := range a.Meta.Plan.Sweeps {
		for _, after := range b.Meta.Plan.Sweeps {
			if before.Phase == after.Phase {
				note("rate of phase "+before.Phase, before.Rate, after.Rate)
				note("interval of phase "+before.Phase, before.Duration, after.Duration)
			}
		}
	}
	return what
}
