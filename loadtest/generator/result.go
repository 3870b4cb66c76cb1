package generator

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Result is what a run measured. "In the window" is after the warm-up and before
// the end of the schedule; the counts of the whole run are there so that they
// can be held against the counters of the servers.
type Result struct {
	Window    time.Duration
	Offered   int64 // intended moments in the window
	Completed int64 // expected answers whose last byte came in the window

	// Of the whole run, warm-up included.
	Sent       int64         // requests
	OK         int64         // expected answers
	Status     map[int]int64 // other answers
	Timeouts   int64         // given up, sent or still waiting for a connection
	Broken     int64         // connections that failed with a request under way
	Reconnects int64         // connections opened in the place of closed ones
	Opened     int64         // connections opened because all were busy
	Elapsed    time.Duration // to the last answer
	CPU        time.Duration // of the generator's threads

	// Of the requests whose intended moment (closed loop: whose sending) lies in
	// the window; expected answers, and timeouts at the time they were given up.
	Response, Service, Lateness *hdrhistogram.Histogram

	Timeline []Bucket
}

// Errors is how many requests did not get the expected answer.
func (r *Result) Errors() int64 {
	n := r.Timeouts + r.Broken
	for _, k := range r.Status {
		n += k
	}
	return n
}

// OfferedRate and AchievedRate are a second, in the window.
func (r *Result) OfferedRate() float64  { return float64(r.Offered) / r.Window.Seconds() }
func (r *Result) AchievedRate() float64 { return float64(r.Completed) / r.Window.Seconds() }

// A Bucket sums up the requests whose intended moments lie in one stretch of time,
// counted from the end of the warm-up.
type Bucket struct {
	OK      int64         `json:"ok"`
	Refused int64         `json:"refused"` // another answer than the expected one
	Failed  int64         `json:"failed"`  // none
	Sum     time.Duration `json:"sum"`     // of the response times of OK
	Max     time.Duration `json:"max"`
}

// NewHistogram returns a histogram of nanoseconds, from 1 to two minutes with
// three significant digits, like those of a Result.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(2*time.Minute), 3)
}

// merge adds what another thread measured at the same time.
func (r *Result) merge(o *Result) {
	r.Offered += o.Offered
	r.Completed += o.Completed
	r.Sent += o.Sent
	r.OK += o.OK
	r.Timeouts += o.Timeouts
	r.Broken += o.Broken
	r.Reconnects += o.Reconnects
	r.Opened += o.Opened
	r.CPU += o.CPU
	r.Elapsed = max(r.Elapsed, o.Elapsed)
	for status, n := range o.Status {
		r.Status[status] += n
	}
	r.Response.Merge(o.Response)
	r.Service.Merge(o.Service)
	r.Lateness.Merge(o.Lateness)
	for i, b := range o.Timeline {
		if i == len(r.Timeline) {
			r.Timeline = append(r.Timeline, Bucket{})
		}
		into := &r.Timeline[i]
		into.OK += b.OK
		into.Refused += b.Refused
		into.Failed += b.Failed
		into.Sum += b.Sum
		into.Max = max(into.Max, b.Max)
	}
}
