package report

import (
	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/stats"
)

// SummarySchema is the version of summary.json; summary.schema.json describes it.
const SummarySchema = 1

// Summary is a run in numbers.
type Summary struct {
	Schema   int         `json:"schema"`
	Meta     record.Meta `json:"run"`
	Answer   string      `json:"answer"`
	Findings []string    `json:"findings"`
	Modes    []Mode      `json:"modes"`
	Budget   []Budget    `json:"budget,omitzero"`
	Figures  []Figure    `json:"figures"`
	Trust    Trust       `json:"trust"`
	Void     []Void      `json:"void"`
	Metrics  []Metric    `json:"metrics"`
}

// Estimate is a number with its 95 % interval; no interval where there were too
// few rounds for one.
type Estimate struct {
	Value float64  `json:"value"`
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
}

// Mode is a row of the table of modes.
type Mode struct {
	Name       string               `json:"name"`
	Quantiles  map[string]*Estimate `json:"quantiles_us,omitzero"` // p50 p90 p99 p99.9
	FromJWT    map[string]*Estimate `json:"difference_from_jwt_us,omitzero"`
	Reading    string               `json:"reading,omitzero"` // what the difference of p50 amounts to
	Capacity   *Estimate            `json:"capacity,omitzero"`
	MaxRate    *Estimate            `json:"max_rate,omitzero"` // at the objective
	MaxOpen    bool                 `json:"max_rate_is_beyond_what_was_tried,omitzero"`
	CPU        map[string]*Estimate `json:"cpu_us_per_request,omitzero"`
	Calls      *Estimate            `json:"introspections_per_request,omitzero"`
	LagMedian  *float64             `json:"revocation_lag_median_us,omitzero"`
	LagMax     *float64             `json:"revocation_lag_max_us,omitzero"`
	LagSamples int                  `json:"revocations,omitzero"`
}

// Budget is where the median response time of a mode goes.
type Budget struct {
	Mode  string       `json:"mode"`
	Parts []BudgetPart `json:"parts"`
}

// BudgetPart is a difference of two modes' medians.
type BudgetPart struct {
	Name     string   `json:"name"`
	Estimate Estimate `json:"us"`
}

// Trust answers 'Can you trust this?'.
type Trust struct {
	NoiseFloor   map[string]*Estimate `json:"noise_floor_us"` // jwt against itself
	LatenessP50  float64              `json:"lateness_p50_us"`
	LatenessP99  float64              `json:"lateness_p99_us"`
	LeastReached float64              `json:"least_achieved_share"` // of offered, of cells that count
	StealMean    float64              `json:"steal_mean"`
	StealMax     float64              `json:"steal_max"`
	Cells        int                  `json:"cells"`
	Planned      int                  `json:"cells_planned"`
	Measured     map[string]int       `json:"cells_by_phase,omitzero"`
	Requests     int64                `json:"requests"`
}

// Void is a measured interval that does not count, and why.
type Void struct {
	record.Key
	Why []string `json:"why"`
}

// Metric is a number of a run that two runs can be compared by, round by round.
type Metric struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Better string    `json:"better"` // lower or higher
	Rounds []float64 `json:"rounds"`
}

// estimate converts an interval; nil for what is no number.
func estimate(i stats.Interval, scale float64) *Estimate {
	if !finite(i.Point) {
		return nil
	}
	e := &Estimate{Value: i.Point * scale}
	if finite(i.Low) && finite(i.High) {
		low, high := i.Low*scale, i.High*scale
		e.Low, e.High = &low, &high
	}
	return e
}

func (e *Estimate) excludes(v float64) bool {
	return e != nil && e.Low != nil && (*e.Low > v || *e.High < v)
}
