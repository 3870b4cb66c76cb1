package report

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tollgate/tollgate/loadtest/record"
)

func modeOf(t *testing.T, s *Summary, name string) Mode {
	t.Helper()
	i := slices.IndexFunc(s.Modes, func(m Mode) bool { return m.Name == name })
	if i < 0 {
		t.Fatalf("no row of %s", name)
	}
	return s.Modes[i]
}

// near fails unless the estimate is want within tolerance and its interval holds it.
func near(t *testing.T, what string, e *Estimate, want, tolerance float64) {
	t.Helper()
	if e == nil {
		t.Errorf("%s is not quoted, want %v", what, want)
		return
	}
	if math.Abs(e.Value-want) > tolerance || e.Low != nil && (*e.Low > want+tolerance || *e.High < want-tolerance) {
		t.Errorf("%s is %s, want %v", what, factor(e), want)
	}
}

// Differences are those of the bases to the microsecond, though rounds differ by
// hundreds; what is quoted, read and answered follows.
func TestBuildModes(t *testing.T) {
	s := Build(synthetic(usual()))
	opaque, again := modeOf(t, s, record.ModeOpaque), modeOf(t, s, record.ModeJWTAgain)
	near(t, "opaque from jwt at p50", opaque.FromJWT["p50"], 200, 1)
	near(t, "opaque from jwt at p99", opaque.FromJWT["p99"], 200, 1)
	near(t, "jwt from itself", again.FromJWT["p50"], 0, 0.01)
	near(t, "jwt+cache from jwt", modeOf(t, s, record.ModeJWTCache).FromJWT["p50"], -20, 1)
	near(t, "the gateway's CPU", opaque.CPU["gateway"], 40, 0.1)
	near(t, "capacity", modeOf(t, s, record.ModeJWT).Capacity, 20_450, 1)
	if opaque.Quantiles["p99"] == nil || opaque.Quantiles["p99.9"] != nil {
		t.Errorf("of 20,000 requests p99 is to be quoted (%v) and p99.9 not (%v)", opaque.Quantiles["p99"], opaque.Quantiles["p99.9"])
	}
	if opaque.Reading != "slower than jwt" || again.Reading != "no difference from jwt is visible" {
		t.Errorf("readings: %q, %q", opaque.Reading, again.Reading)
	}
	const want = "At 2,000 requests a second on this machine, an opaque token costs +200 µs (+200 to +200) (95 % interval) at the median compared with a JWT"
	if !strings.HasPrefix(s.Answer, want) {
		t.Errorf("answer: %s", s.Answer)
	}
	near(t, "the noise floor", s.Trust.NoiseFloor["p99"], 0, 0.01)
	if s.Trust.LatenessP50 < 1.9 || s.Trust.LatenessP50 > 2.1 {
		t.Errorf("lateness %v µs, want 2", s.Trust.LatenessP50)
	}
}

// The budget's parts add up to the mode's median.
func TestBuildBudget(t *testing.T) {
	s := Build(synthetic(usual()))
	for _, b := range s.Budget {
		sum := 0.0
		for _, p := range b.Parts {
			sum += p.Estimate.Value
		}
		near(t, "the sum of the budget of "+b.Mode, modeOf(t, s, b.Mode).Quantiles["p50"], sum, 25) // medians of pools do not add up exactly
	}
	if len(s.Budget) != 6 {
		t.Errorf("%d budgets, want 6", len(s.Budget))
	}
}

// A run that follows the laws has nothing to report; one that does not, has.
func TestBuildDepartures(t *testing.T) {
	departures := func(cells []*record.Cell, meta record.Meta) (out []string) {
		for _, f := range Build(meta, cells).Findings {
			if strings.HasPrefix(f, "Where the measurement departs") && !strings.Contains(f, "highest capacity") {
				out = append(out, f)
			}
		}
		return out
	}
	steady := usual()
	steady.round = make([]float64, 10)
	meta, cells := synthetic(steady)
	if got := departures(cells, meta); len(got) > 0 {
		t.Errorf("exact laws: %q", got)
	}
	for i, c := range cells {
		if c.Phase == record.PhaseDistance && c.Mode == record.ModeOpaque && c.X == 5 {
			cells[i] = steady.cell(c.Key, 10_000) // two calls a request, not one
			cells[i].Distance = c.Distance
		}
	}
	got := departures(cells, meta)
	if len(got) != 1 || !strings.HasPrefix(got[0], "Where the measurement departs from the prediction: the median of opaque at a distance set to 5 ms is 1.93 (") {
		t.Errorf("two calls: %q", got)
	}
}

// Void rounds are listed and count for nothing.
func TestBuildVoid(t *testing.T) {
	meta, cells := synthetic(usual())
	for _, c := range cells {
		if c.Phase == record.PhaseModes && c.Mode == record.ModeOpaque && c.Round < 2 {
			wild := usual().cell(c.Key, 1e6)
			c.Response, c.Void = wild.Response, []string{"3 errors in 2000 requests"}
		}
	}
	s := Build(meta, cells)
	near(t, "opaque from jwt without the void rounds", modeOf(t, s, record.ModeOpaque).FromJWT["p50"], 200, 1)
	void := 0
	for _, v := range s.Void {
		if v.Phase == record.PhaseModes && v.Why[0] == "3 errors in 2000 requests" {
			void++
		}
	}
	if void != 2 {
		t.Errorf("%d void rounds listed, want 2", void)
	}
}

// The highest rate at the objective: jwt keeps it everywhere, opaque fails at the
// last rate, so its limit is the one before.
func TestBuildMaxRate(t *testing.T) {
	s := Build(synthetic(usual()))
	jwt, opaque := modeOf(t, s, record.ModeJWT), modeOf(t, s, record.ModeOpaque)
	near(t, "jwt's highest rate", jwt.MaxRate, 18_000, 1)
	near(t, "opaque's highest rate", opaque.MaxRate, 10_000, 1)
	if !jwt.MaxOpen || opaque.MaxOpen {
		t.Errorf("open: jwt %v, opaque %v", jwt.MaxOpen, opaque.MaxOpen)
	}
}

func TestBuildLagAndStall(t *testing.T) {
	s := Build(synthetic(usual()))
	m := modeOf(t, s, record.ModeOpaque)
	if m.LagSamples != 3 || *m.LagMedian != 1000 || *m.LagMax != 5000 {
		t.Errorf("lag: %v %v %v", m.LagSamples, *m.LagMedian, *m.LagMax)
	}
	if want := "While the security service stalls for 3 s of 10, opaque refuses or loses 30.0 % of its requests."; !slices.Contains(s.Findings, want) {
		t.Errorf("findings: %q", s.Findings)
	}
}

// Nothing at all, and a run cut short at any cell, make a report.
func TestBuildIncomplete(t *testing.T) {
	meta, cells := synthetic(usual())
	if s := Build(meta, nil); s.Answer != "Not enough has been measured to answer the question." {
		t.Errorf("answer: %s", s.Answer)
	}
	for n := 0; n < len(cells); n += 97 {
		s := Build(meta, cells[:n])
		if _, err := json.Marshal(s); err != nil {
			t.Errorf("after %d cells: %v", n, err)
		}
		if _, err := s.HTML(); err != nil {
			t.Errorf("after %d cells: %v", n, err)
		}
		for _, f := range s.Figures {
			if svg := f.SVG(); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Errorf("after %d cells: %s draws what is no number", n, f.ID)
			}
		}
	}
}

// summary.json is what its schema says.
func TestSchema(t *testing.T) {
	b, err := os.ReadFile("summary.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("summary.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("summary.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	meta, cells := synthetic(usual())
	for _, n := range []int{0, 25, len(cells)} {
		js, err := json.Marshal(Build(meta, cells[:n]))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(js))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("after %d cells: %v", n, err)
		}
	}
	if err := schema.Validate(map[string]any{"schema": 2}); err == nil {
		t.Error("the schema takes anything")
	}
}

func TestWords(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	low, high := -5.0, 1200.0
	f(microseconds(0), "0 µs")
	f(microseconds(0.1234), "0.123 µs")
	f(microseconds(99.97), "100 µs")
	f(microseconds(-1234), "−1.23 ms")
	f(microseconds(2.5e6), "2.50 s")
	f(count(1234567), "1,234,567")
	f(count(-999), "-999")
	f(duration(nil), "–")
	f(duration(&Estimate{Value: 12}), "12.0 µs")
	f(difference(&Estimate{Value: 12, Low: &low, High: &high}), "+12.0 µs (−5.00 to +1200)")
}
