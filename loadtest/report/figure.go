package report

import "math"

// Figure is a plot: what uPlot draws in HTML and this package in SVG.
type Figure struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Caption string   `json:"caption"`
	X       Axis     `json:"x"`
	Y       Axis     `json:"y"`
	Series  []Series `json:"series"`
}

// Axis is one of the two.
type Axis struct {
	Label string `json:"label"`
	Scale string `json:"scale"` // linear, log, or tail: 1/(1-q) of a quantile q, logarithmic
}

// Series is a line; Low and High are its band where there is one.
type Series struct {
	Name      string    `json:"name"`
	Mode      string    `json:"mode"` // decides the colour
	Predicted bool      `json:"predicted,omitzero"`
	X         []float64 `json:"x"`
	Y         []float64 `json:"y"`
	Low       []float64 `json:"low,omitzero"`
	High      []float64 `json:"high,omitzero"`
}

// add appends a point; a band only where the estimate has an interval.
func (s *Series) add(x float64, e *Estimate) {
	if e == nil {
		return
	}
	low, high := e.Value, e.Value
	if e.Low != nil {
		low, high = *e.Low, *e.High
	}
	s.X, s.Y = append(s.X, x), append(s.Y, e.Value)
	s.Low, s.High = append(s.Low, low), append(s.High, high)
}

// drawable says whether a figure has something to show.
func (f *Figure) drawable() bool {
	for _, s := range f.Series {
		if len(s.X) > 1 {
			return true
		}
	}
	return false
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
