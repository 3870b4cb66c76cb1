package report

import (
	"math"
	"strconv"
)

// scale maps values of an axis to 0..1.
type scale struct {
	kind   string
	lo, hi float64 // after the transformation
}

func transform(kind string, v float64) float64 {
	if kind == "linear" {
		return v
	}
	return math.Log10(v)
}

// scaleOf covers the values; a linear one begins at zero.
func scaleOf(kind string, values []float64) scale {
	s := scale{kind, math.Inf(1), math.Inf(-1)}
	for _, v := range values {
		if kind != "linear" && v <= 0 {
			continue
		}
		s.lo, s.hi = min(s.lo, transform(kind, v)), max(s.hi, transform(kind, v))
	}
	if kind == "linear" {
		s.lo = min(0, s.lo)
	}
	if pad := (s.hi - s.lo) * 0.05; pad > 0 {
		s.hi += pad
		if kind == "log" {
			s.lo -= pad
		}
	} else {
		s.lo, s.hi = s.lo-0.5, s.hi+0.5
	}
	return s
}

func (s scale) at(v float64) float64 { return (transform(s.kind, v) - s.lo) / (s.hi - s.lo) }

// tick is a mark on an axis.
type tick struct {
	value float64
	label string
}

// ticks are at round values: 1, 2 and 5 of each power of ten (1 alone over many
// powers), or equal steps, or the quantiles that people ask for.
func (s scale) ticks() []tick {
	var out []tick
	switch s.kind {
	case "tail":
		for _, v := range []float64{2, 10, 100, 1000, 10_000} {
			if math.Log10(v) <= s.hi {
				out = append(out, tick{v, "p" + plain(100-100/v)})
			}
		}
		return out
	case "linear":
		step := math.Pow(10, math.Floor(math.Log10((s.hi-s.lo)/4)))
		for _, m := range []float64{5, 2} {
			if (s.hi-s.lo)/(m*step) >= 4 {
				step *= m
				break
			}
		}
		for i := math.Ceil(s.lo / step); i*step <= s.hi; i++ {
			out = append(out, tick{i * step, plain(i * step)})
		}
		return out
	}
	steps := []float64{1, 2, 5}
	if s.hi-s.lo > 2 {
		steps = steps[:1]
	}
	for p := math.Floor(s.lo); p <= s.hi; p++ {
		for _, m := range steps {
			v := m * math.Pow(10, p)
			if l := math.Log10(v); l < s.lo || l > s.hi {
				continue
			}
			out = append(out, tick{v, plain(v)})
		}
	}
	return out
}

// plain writes a round value, large ones in thousands.
func plain(v float64) string {
	switch {
	case math.Abs(v) >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 4, 64) + "M"
	case math.Abs(v) >= 1e4:
		return strconv.FormatFloat(v/1e3, 'g', 4, 64) + "k"
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}
