package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tollgate/tollgate/loadtest/record"
)

// microseconds writes a time of so many µs with three digits.
func microseconds(v float64) string {
	unit, name := unitOf(v)
	return digits(v/unit) + " " + name
}

// unitOf is the unit in which so many µs are read most easily.
func unitOf(v float64) (unit float64, name string) {
	switch a := math.Abs(v); {
	case a >= 1e6:
		return 1e6, "s"
	case a >= 1e3:
		return 1e3, "ms"
	}
	return 1, "µs"
}

// digits writes three significant digits, without exponents.
func digits(v float64) string {
	if v == 0 {
		return "0"
	}
	// After rounding: 99.97 has its first digit in the hundreds.
	_, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 2, 64), "e")
	first, err := strconv.Atoi(exponent)
	if err != nil { // not a finite number
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	s := strconv.FormatFloat(v, 'f', min(max(0, 2-first), 3), 64)
	return strings.Replace(s, "-", "−", 1)
}

// count writes a whole number with thin groups.
func count(v float64) string {
	s := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// with writes an estimate and its interval by the way numbers are written.
func with(e *Estimate, write func(float64) string) string {
	if e == nil {
		return "–"
	}
	if e.Low == nil {
		return write(e.Value)
	}
	return fmt.Sprintf("%s (%s to %s)", write(e.Value), write(*e.Low), write(*e.High))
}

func factor(e *Estimate) string { return with(e, digits) }

// spell writes an estimate of µs and its interval in one unit.
func spell(e *Estimate, number func(float64) string) string {
	if e == nil {
		return "–"
	}
	unit, name := unitOf(e.Value)
	if e.Low == nil {
		return number(e.Value/unit) + " " + name
	}
	return fmt.Sprintf("%s %s (%s to %s)", number(e.Value/unit), name, number(*e.Low/unit), number(*e.High/unit))
}

// duration writes a time, difference one with its sign.
func duration(e *Estimate) string { return spell(e, digits) }

func difference(e *Estimate) string {
	return spell(e, func(v float64) string {
		if v > 0 {
			return "+" + digits(v)
		}
		return digits(v)
	})
}

// answer is the first sentence.
func (b *builder) answer() string {
	find := func(name string) *Mode {
		for i := range b.sum.Modes {
			if b.sum.Modes[i].Name == name {
				return &b.sum.Modes[i]
			}
		}
		return nil
	}
	if s, ok := b.meta.Plan.Sweep(record.PhaseTarget); ok {
		var parts []string
		for _, m := range s.Modes {
			if row := find(m); row != nil && row.Quantiles["p50"] != nil && !strings.HasSuffix(m, record.Again) {
				parts = append(parts, fmt.Sprintf("%s answers half of its requests within %s", m, duration(row.Quantiles["p50"])))
			}
		}
		if len(parts) > 0 {
			return fmt.Sprintf("At %s requests a second %s.", count(s.Rate), strings.Join(parts, "; "))
		}
	}
	opaque := find(record.ModeOpaque)
	if opaque != nil && opaque.FromJWT["p50"] != nil {
		s, _ := b.meta.Plan.Sweep(record.PhaseModes)
		d := opaque.FromJWT["p50"]
		text := fmt.Sprintf("At %s requests a second on this machine, an opaque token costs %s (95 %% interval) at the median compared with a JWT", count(s.Rate), difference(d))
		if !d.excludes(0) {
			text = fmt.Sprintf("At %s requests a second on this machine, no difference between an opaque token and a JWT is visible at the median: %s (95 %% interval)", count(s.Rate), difference(d))
		}
		if cached := find(record.ModeOpaqueCache); cached != nil && cached.FromJWT["p50"] != nil {
			text += fmt.Sprintf("; where the gateway remembers its answers the difference is %s", difference(cached.FromJWT["p50"]))
		}
		return text + "."
	}
	if g, ok := newGroup(b.meta, b.cells, record.PhaseCapacity); ok && opaque != nil && opaque.Capacity != nil {
		if jwt := find(record.ModeJWT); jwt != nil && jwt.Capacity != nil {
			return fmt.Sprintf("In a closed loop the gateway answered %s requests a second with JWTs and %s with opaque tokens: %s times as many (95 %% intervals).",
				with(jwt.Capacity, count), with(opaque.Capacity, count), factor(capacityRatio(g, record.ModeOpaque, record.ModeJWT)))
		}
	}
	return "Not enough has been measured to answer the question."
}
