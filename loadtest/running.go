package loadtest

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/tollgate/tollgate/loadtest/record"
)

// running is what there is to say of a cell at one moment.
type running struct {
	record.Key
	offered  float64 // a second; 0 in a closed loop
	achieved float64
	p50, p99 time.Duration
	errors   int64
	left     time.Duration // of the whole run
}

// line is for a log, where lines stand below each other.
func (r running) line() string {
	offered := "as fast as it can"
	if r.offered > 0 {
		offered = fmt.Sprintf("%.0f/s offered", r.offered)
	}
	return fmt.Sprintf("%-8s %-13s x=%-6g round %-2d %s, %.0f/s achieved, p50 %v p99 %v, %d errors, %v left",
		r.Phase, r.Mode, r.X, r.Round+1, offered, r.achieved, digits(r.p50, 3), digits(r.p99, 3), r.errors, r.left.Round(sec))
}

// short says the same, the round aside, in 70 columns.
func (r running) short() string {
	what := r.Phase + " " + r.Mode
	if r.X != 0 {
		what += " " + strconv.FormatFloat(r.X, 'g', -1, 64)
	}
	rate := fmt.Sprintf("%.0f/s", r.achieved)
	if r.offered > 0 {
		rate = fmt.Sprintf("%.0f of %.0f/s", r.achieved, r.offered)
	}
	left := r.left.Round(sec).String()
	if r.left >= 10*time.Minute {
		left = fmt.Sprintf("%.0fm", r.left.Minutes())
	}
	return fmt.Sprintf("%s %s p50 %v p99 %v %d err %s", what, rate, digits(r.p50, 2), digits(r.p99, 2), r.errors, left)
}

// digits rounds d to n significant digits.
func digits(d time.Duration, n int) time.Duration {
	unit := time.Duration(1)
	for most := time.Duration(math.Pow10(n)); d >= most*unit; {
		unit *= 10
	}
	return d.Round(unit)
}
