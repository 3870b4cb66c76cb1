package loadtest

import (
	"time"

	"github.com/tollgate/tollgate/loadtest/generator"
	"github.com/tollgate/tollgate/loadtest/record"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

// modes of the comparison, with jwt once more to see what noise looks like.
var compared = []string{
	record.ModeDirect, record.ModeNone, record.ModeJWT, record.ModeJWTCache,
	record.ModeOpaque, record.ModeOpaqueCache, record.ModePhantomCache, record.ModeJWTAgain,
}

// measured are the modes whose capacity and rates are swept.
var measured = []string{
	record.ModeNone, record.ModeJWT, record.ModeJWTCache, record.ModeOpaque, record.ModeOpaqueCache, record.ModePhantomCache,
}

func base(name string) record.Plan {
	return record.Plan{Name: name, Seed: 1, Objective: 5 * ms, Connections: 64, Spin: generator.DefaultSpin}
}

// First is a closed loop over four modes, in half a minute.
func First() record.Plan {
	p := base("first")
	p.Sweeps = []record.Sweep{{
		Phase: record.PhaseCapacity, X: []float64{0}, Rounds: 5, Warmup: 300 * ms, Duration: 1000 * ms,
		Modes: []string{record.ModeJWT, record.ModeJWTCache, record.ModeOpaque, record.ModeOpaqueCache},
	}}
	return p
}

// Quick answers the question in two minutes.
func Quick() record.Plan {
	p := base("quick")
	at0 := []float64{0}
	p.Sweeps = []record.Sweep{
		{Phase: record.PhaseCapacity, Modes: measured, X: at0, Rounds: 2, Warmup: 200 * ms, Duration: 600 * ms},
		{Phase: record.PhaseModes, Modes: compared, X: at0, Rounds: 10, Rate: 2000, Warmup: 150 * ms, Duration: 600 * ms},
		{Phase: record.PhaseDistance, Modes: []string{record.ModeJWT, record.ModeOpaque}, X: []float64{0, 1, 5}, Rounds: 3, Rate: 500, Warmup: 100 * ms, Duration: 500 * ms},
		{Phase: record.PhaseLag, Modes: revocable, X: at0, Rounds: 1, Duration: 2 * sec},
	}
	return p
}

// revocable are the modes whose revocation lag is measured.
var revocable = []string{record.ModeJWT, record.ModeJWTCache, record.ModeOpaque, record.ModeOpaqueCache, record.ModePhantomCache}

// Full is everything, in half an hour. The rates lie closest where an open loop
// that shares two processors with the servers reaches its limit: 0.3 to 0.6 of the
// highest capacity, by mode.
func Full() record.Plan {
	p := base("full")
	at0 := []float64{0}
	p.Sweeps = []record.Sweep{
		{Phase: record.PhaseCapacity, Modes: measured, X: at0, Rounds: 6, Warmup: 500 * ms, Duration: 1500 * ms},
		{Phase: record.PhaseModes, Modes: compared, X: at0, Rounds: 16, Rate: 2000, Warmup: 500 * ms, Duration: 3500 * ms},
		{Phase: record.PhaseRate, Modes: measured, X: []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75}, Rounds: 4, Warmup: 300 * ms, Duration: 1700 * ms},
		{Phase: record.PhaseDistance, Modes: []string{record.ModeJWT, record.ModeOpaque, record.ModeOpaqueCache}, X: []float64{0, 0.5, 1, 5, 20}, Rounds: 5, Rate: 500, Warmup: 300 * ms, Duration: 2 * sec},
		{Phase: record.PhaseHits, Modes: []string{record.ModeOpaqueCache}, X: []float64{0, 0.5, 0.9, 0.99, 0.999}, Rounds: 5, Rate: 1000, Warmup: 200 * ms, Duration: 2 * sec},
		{Phase: record.PhaseTokens, Modes: []string{record.ModeJWT, record.ModeJWTCache, record.ModeOpaqueCache}, X: []float64{1, 100, 10_000, 50_000}, Rounds: 4, Rate: 2000, Warmup: 500 * ms, Duration: 1500 * ms},
		{Phase: record.PhaseChain, Modes: []string{record.ModeNone, record.ModeJWT, record.ModeOpaque}, X: []float64{1, 2, 4, 8}, Rounds: 5, Rate: 300, Warmup: 300 * ms, Duration: 1700 * ms},
		{Phase: record.PhaseStall, Modes: []string{record.ModeJWT, record.ModeOpaque, record.ModeOpaqueCache}, X: at0, Rounds: 2, Rate: 300, Warmup: 500 * ms, Duration: 10 * sec},
		{Phase: record.PhaseLag, Modes: revocable, X: at0, Rounds: 1, Duration: 6 * sec},
	}
	return p
}
