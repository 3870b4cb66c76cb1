package record

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate/tollgate/loadtest/generator"
	"github.com/tollgate/tollgate/loadtest/stats"
)

// Key names a cell of the plan: what a journal must hold once.
type Key struct {
	Phase string  `json:"phase"`
	Mode  string  `json:"mode"`
	X     float64 `json:"x"` // the place on the phase's axis
	Round int     `json:"round"`
}

func (k Key) String() string {
	return fmt.Sprintf("%s %s x=%g round %d", k.Phase, k.Mode, k.X, k.Round)
}

// Cell is one measured interval.
type Cell struct {
	Key
	Started  time.Time     `json:"started"`
	Window   time.Duration `json:"window_ns"`
	Closed   bool          `json:"closed,omitzero"` // loop
	Offered  float64       `json:"offered"`         // a second, in the window
	Achieved float64       `json:"achieved"`
	Sent     int64         `json:"sent"`
	OK       int64         `json:"ok"`
	Errors   int64         `json:"errors"`
	Status   map[int]int64 `json:"status,omitzero"` // unexpected answers
	Timeouts int64         `json:"timeouts,omitzero"`

	// CPU time of each process from the first request of the warm-up to the last
	// answer; generator is the sending thread.
	CPU      map[string]time.Duration `json:"cpu_ns,omitzero"`
	Counters []stats.Counter          `json:"counters,omitzero"`
	Calls    int64                    `json:"calls"` // introspections the security service answered
	Hits     float64                  `json:"hits"`  // share of requests answered from a cache; -1: no cache
	Steal    float64                  `json:"steal"` // share of all processors' time that the hypervisor took
	Distance time.Duration            `json:"distance_ns,omitzero"`
	Lags     []time.Duration          `json:"lags_ns,omitzero"`
	Void     []string                 `json:"void,omitzero"`

	Response *Histogram         `json:"response,omitzero"`
	Service  *Histogram         `json:"service,omitzero"`
	Lateness *Histogram         `json:"lateness,omitzero"`
	Timeline []generator.Bucket `json:"timeline,omitzero"`
	Bucket   time.Duration      `json:"bucket_ns,omitzero"` // width of one of Timeline
}

// Latency is the histogram that counts: response times in the open loop,
// service times in the closed.
func (c *Cell) Latency() *hdrhistogram.Histogram {
	if c.Closed {
		return c.Service.H
	}
	return c.Response.H
}

// CPUPerRequest is what a process spent on each request.
func (c *Cell) CPUPerRequest(process string) time.Duration {
	if c.Sent == 0 {
		return 0
	}
	return c.CPU[process] / time.Duration(c.Sent)
}

// Histogram is one that travels as text.
type Histogram struct{ H *hdrhistogram.Histogram }

// MarshalText implements encoding.TextMarshaler.
func (h *Histogram) MarshalText() ([]byte, error) {
	return h.H.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Histogram) UnmarshalText(b []byte) (err error) {
	h.H, err = hdrhistogram.Decode(b)
	return err
}
