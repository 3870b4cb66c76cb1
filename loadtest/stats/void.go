package stats

import (
	"fmt"
	"time"
)

// Facts of one measured interval that decide whether it counts.
type Facts struct {
	Offered, Achieved float64 // a second
	Sent, Errors      int64
	Lateness, Median  time.Duration // medians of lateness and response
	Counters          []Counter
}

// Counter is what a server counted and what it must have counted.
type Counter struct {
	Name      string
	Got, Want int64
	// AtMost says that fewer are right as well: concurrent misses share a call.
	AtMost bool
}

// Limits of the void rules.
const (
	MinAchieved = 0.99 // of offered
	MaxLateness = 0.10 // of the effect
)

// Void returns the reasons why an interval does not count; none if it does.
func Void(f Facts) []string {
	var why []string
	if f.Achieved < MinAchieved*f.Offered {
		why = append(why, fmt.Sprintf("achieved %.1f %% of the offered rate", 100*f.Achieved/f.Offered))
	}
	if f.Errors > 0 {
		why = append(why, fmt.Sprintf("%d errors in %d requests", f.Errors, f.Sent))
	}
	if float64(f.Lateness) > MaxLateness*float64(f.Median) {
		why = append(why, fmt.Sprintf("median lateness %v is over a tenth of the median response %v", f.Lateness, f.Median))
	}
	for _, c := range f.Counters {
		if c.Got > c.Want || c.Got < c.Want && !c.AtMost {
			why = append(why, fmt.Sprintf("%s: %d counted, %d expected", c.Name, c.Got, c.Want))
		}
	}
	return why
}

// VoidDifference says why a difference of two modes cannot be told from the
// generator's own lateness, or "". Lateness that both have in common cancels;
// what could pass for an effect is the difference between them.
func VoidDifference(effect, latenessA, latenessB time.Duration) string {
	own := (latenessA - latenessB).Abs()
	if float64(own) > MaxLateness*float64(effect.Abs()) {
		return fmt.Sprintf("lateness differs by %v, over a tenth of the effect %v", own, effect.Abs())
	}
	return ""
}
