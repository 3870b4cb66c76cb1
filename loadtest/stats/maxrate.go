package stats

import (
	"math"
	"time"
)

// Point is a rate and the latency measured at it.
type Point struct {
	Rate    float64
	Latency time.Duration
	Failed  bool // it could not keep up, or answered with errors
}

// MaxRate returns the highest rate at which the latency is within the objective:
// between the last point of the ascending rates up to which every one is, and
// the first that is not, interpolated in the logarithm of the latency. A first
// point beyond the objective gives 0, and no such point gives the last rate and
// open = true: the limit lies beyond what was tried.
func MaxRate(points []Point, objective time.Duration) (rate float64, open bool) {
	within := func(p Point) bool { return !p.Failed && p.Latency <= objective }
	for i, p := range points {
		if within(p) {
			continue
		}
		if i == 0 {
			return 0, false
		}
		last := points[i-1]
		if p.Failed {
			return last.Rate, false
		}
		share := math.Log(float64(objective)/float64(last.Latency)) / math.Log(float64(p.Latency)/float64(last.Latency))
		return last.Rate + share*(p.Rate-last.Rate), false
	}
	if len(points) == 0 {
		return 0, false
	}
	return points[len(points)-1].Rate, true
}
