package report

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/loadtest/record"
)

// normal returns a metric with n rounds around a mean, with 1 % of spread.
func normal(name, better string, mean float64, n int, seed uint64) Metric {
	rng := rand.New(rand.NewPCG(seed, 1))
	m := Metric{Name: name, Unit: "µs", Better: better}
	for range n {
		m.Rounds = append(m.Rounds, mean*(1+0.01*rng.NormFloat64()))
	}
	return m
}

func TestCompare(t *testing.T) {
	f := func(a, b Metric, want Verdict) {
		t.Helper()
		got := Compare(&Summary{Metrics: []Metric{a}}, &Summary{Metrics: []Metric{b}}, CompareOptions{})
		if len(got) != 1 || got[0].Verdict != want {
			t.Errorf("%+v, want %s", got, want)
		}
	}
	// a tenth slower, with 1 % of noise
	f(normal("p50", "lower", 100, 10, 1), normal("p50", "lower", 110, 10, 2), Worse)
	// a tenth faster
	f(normal("p50", "lower", 100, 10, 1), normal("p50", "lower", 90, 10, 2), Better)
	// a rate is the other way round
	f(normal("capacity", "higher", 100, 10, 1), normal("capacity", "higher", 90, 10, 2), Worse)
	// two draws of the same
	f(normal("p50", "lower", 100, 10, 1), normal("p50", "lower", 100, 10, 2), Same)
	// certain, but too small to matter
	f(normal("p50", "lower", 100, 10, 1), normal("p50", "lower", 103, 10, 2), Same)
	// large, but nobody can tell from three rounds
	f(normal("p50", "lower", 100, 3, 1), normal("p50", "lower", 200, 3, 2), TooFew)
}

// Large noise is not taken for a difference.
func TestCompareNoise(t *testing.T) {
	a := Metric{Name: "p99", Better: "lower", Rounds: []float64{100, 150, 90, 300, 110, 95, 210}}
	b := Metric{Name: "p99", Better: "lower", Rounds: []float64{120, 400, 100, 130, 95, 260, 140}}
	if got := Compare(&Summary{Metrics: []Metric{a}}, &Summary{Metrics: []Metric{b}}, CompareOptions{}); got[0].Verdict != Same {
		t.Errorf("%+v", got[0])
	}
}

// Two runs of one thing are called different in one of twenty comparisons at
// most, however many metrics there are.
func TestCompareFalseAlarms(t *testing.T) {
	alarms := 0
	const runs = 25
	for r := range uint64(runs) {
		a, b := new(Summary), new(Summary)
		for m := range uint64(4) {
			name := string(rune('a' + m))
			a.Metrics = append(a.Metrics, normal(name, "lower", 100, 10, 1000*r+m))
			b.Metrics = append(b.Metrics, normal(name, "lower", 100, 10, 1000*r+m+500))
		}
		for _, c := range Compare(a, b, CompareOptions{Threshold: 1e-9}) {
			if c.Verdict != Same {
				alarms++
				break
			}
		}
	}
	if alarms > 5 { // 1.25 expected; P(more than 5) is below 0.2 %
		t.Errorf("%d of %d pairs of equal runs differ", alarms, runs)
	}
}

func TestWriteComparison(t *testing.T) {
	var b strings.Builder
	worse, err := WriteComparison(&b, Compare(
		&Summary{Metrics: []Metric{normal("x", "lower", 100, 10, 1), normal("gone", "lower", 1, 10, 1)}},
		&Summary{Metrics: []Metric{normal("x", "lower", 200, 10, 2), normal("new", "lower", 1, 10, 2)}}, CompareOptions{}))
	if err != nil || worse != 1 {
		t.Errorf("%d worse, %v", worse, err)
	}
	for _, want := range []string{"x       µs    100", "worse\n", "gone    µs    1.00    –", "new     µs    –       1.00", "in one run only\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// What cannot be compared is counted, and what else differs is told.
func TestUncompared(t *testing.T) {
	a := &Summary{Metrics: []Metric{normal("p50", "lower", 100, 3, 1), normal("p90", "lower", 100, 3, 1), normal("old", "lower", 1, 9, 1)}}
	b := &Summary{Metrics: []Metric{normal("p50", "lower", 100, 9, 1), normal("p90", "lower", 100, 3, 2)}}
	list := Compare(a, b, CompareOptions{})
	if n := Count(list, Better, Worse, Same); n != 0 {
		t.Errorf("%d compared", n)
	}
	var out strings.Builder
	if _, err := WriteComparison(&out, list); err != nil {
		t.Fatal(err)
	}
	if want := "0 better, 0 worse, 0 without a difference; not compared: 2 of fewer than 5 rounds in a run, 1 in one run only\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("%q does not end in %q", out.String(), want)
	}
	if got := Unlike(a, b); len(got) != 0 {
		t.Errorf("%q", got)
	}
	b.Meta.Plan.Seed = 7
	a.Meta.Plan.Sweeps = []record.Sweep{{Phase: record.PhaseModes, Rate: 1000}, {Phase: record.PhaseLag}}
	b.Meta.Plan.Sweeps = []record.Sweep{{Phase: record.PhaseModes, Rate: 2000}}
	got := Unlike(a, b)
	if want := []string{"seed: 0 before, 7 after", "rate of phase modes: 1000 before, 2000 after"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
