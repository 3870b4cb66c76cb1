package record

import "time"

// The modes of the comparison.
const (
	ModeDirect       = "direct" // no gateway
	ModeNone         = "none"   // a public route: the gateway, and no token
	ModeJWT          = "jwt"
	ModeJWTCache     = "jwt+cache"
	ModeOpaque       = "opaque"
	ModeOpaqueCache  = "opaque+cache"
	ModePhantomCache = "phantom+cache"
	ModeJWTAgain     = ModeJWT + Again
)

// Again marks a mode's second turn in each round: what it differs by is noise.
const Again = " (again)"

// The phases of a run, by the quantity on their axis.
const (
	PhaseCapacity = "capacity" // closed loop
	PhaseModes    = "modes"    // the comparison at one rate
	PhaseRate     = "rate"     // x: share of the highest capacity
	PhaseDistance = "distance" // x: milliseconds of round trip to the security service
	PhaseHits     = "hits"     // x: share of requests with a token that was seen before
	PhaseTokens   = "tokens"   // x: number of different tokens
	PhaseChain    = "chain"    // x: number of services in a row
	PhaseStall    = "stall"    // the security service stops answering for a while
	PhaseLag      = "lag"      // of revocations
	PhaseTarget   = "target"   // gateways of the user's
)

// Plan is what a run measures. Phases are absent where a Sweep has no modes.
type Plan struct {
	Name      string        `json:"name"` // first, quick, full or target
	Seed      uint64        `json:"seed"`
	Objective time.Duration `json:"objective_ns"` // of p99, for the maximum rate

	Connections int           `json:"connections"` // of the generator
	Spin        time.Duration `json:"spin_ns"`

	Sweeps []Sweep `json:"sweeps"`
}

// Sweep is one phase: every mode at every place on the axis, in every round.
type Sweep struct {
	Phase    string        `json:"phase"`
	Modes    []string      `json:"modes"`
	X        []float64     `json:"x"`
	Rounds   int           `json:"rounds"`
	Rate     float64       `json:"rate,omitzero"` // requests a second, where x is not the rate
	Warmup   time.Duration `json:"warmup_ns"`
	Duration time.Duration `json:"duration_ns"`
}

// Sweep returns the sweep of a phase.
func (p *Plan) Sweep(phase string) (Sweep, bool) {
	for _, s := range p.Sweeps {
		if s.Phase == phase {
			return s, true
		}
	}
	return Sweep{}, false
}
