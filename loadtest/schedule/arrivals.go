package schedule

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Arrivals yields the intended moments of sending, in order, without end.
type Arrivals interface {
	// Next returns the next moment, as an offset from the start of the run.
	Next() time.Duration
}

// Kind names a distribution of the gaps between arrivals.
type Kind string

// The kinds of arrivals.
const (
	KindPoisson  Kind = "poisson"
	KindConstant Kind = "constant"
)

// New returns arrivals of the kind at rate per second.
func New(kind Kind, rate float64, seed uint64) (Arrivals, error) {
	if !(rate > 0) || math.IsInf(rate, 0) {
		return nil, fmt.Errorf("schedule: rate %v is not positive", rate)
	}
	switch kind {
	case KindPoisson:
		return Poisson(rate, seed), nil
	case KindConstant:
		return Constant(rate), nil
	}
	return nil, fmt.Errorf("schedule: unknown kind %q", kind)
}

type poisson struct {
	rng  *rand.Rand
	mean float64 // nanoseconds between arrivals
	at   float64
}

// Poisson returns arrivals whose gaps are exponential: what many independent
// callers add up to.
func Poisson(rate float64, seed uint64) Arrivals {
	return &poisson{rng: rand.New(rand.NewPCG(seed, 0x746f6c6c67617465)), mean: 1e9 / rate}
}

func (p *poisson) Next() time.Duration {
	p.at += p.rng.ExpFloat64() * p.mean
	return time.Duration(p.at)
}

type constant struct {
	gap float64 // nanoseconds
	n   float64
}

// Constant returns arrivals one gap apart, the first after one gap. Offsets are
// multiplied out, not summed, so that a gap that is no whole number of
// nanoseconds does not drift.
func Constant(rate float64) Arrivals { return &constant{gap: 1e9 / rate} }

func (c *constant) Next() time.Duration {
	c.n++
	return time.Duration(c.n * c.gap)
}

type split struct {
	all  Arrivals
	skip int
	step int
}

// Split returns the part of thread number part of parts: every parts-th arrival
// of all, which the caller must not use otherwise.
func Split(all Arrivals, part, parts int) Arrivals {
	if parts == 1 {
		return all
	}
	return &split{all: all, skip: part, step: parts}
}

func (s *split) Next() time.Duration {
	for range s.skip {
		s.all.Next()
	}
	s.skip = s.step - 1
	return s.all.Next()
}
