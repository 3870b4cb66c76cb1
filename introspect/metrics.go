package introspect

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// serviceMetrics are the counters of one Service, apart from those of any
// other in the process.
type serviceMetrics struct {
	set         *metrics.Set
	active      *metrics.Counter
	inactive    *metrics.Counter
	unknown     *metrics.Counter
	swept       *metrics.Counter
	followers   atomic.Int64
	behind      *metrics.Histogram         // events that a follower had not seen
	undelivered *metrics.Histogram         // seconds that the oldest of them had waited
	requests    map[string]*requestMetrics // by path; fixed
}

type requestMetrics struct {
	ok      *metrics.Counter
	latency *metrics.Histogram
}

func newMetrics(s *Service) *serviceMetrics {
	set := metrics.NewSet()
	m := &serviceMetrics{
		set:         set,
		active:      set.NewCounter(`tollgate_introspections_total{active="true"}`),
		inactive:    set.NewCounter(`tollgate_introspections_total{active="false"}`),
		unknown:     set.NewCounter(`tollgate_requests_total{path="other",outcome="not_found"}`),
		swept:       set.NewCounter(`tollgate_store_swept_total`),
		behind:      set.NewHistogram(`tollgate_feed_lag_events`),
		undelivered: set.NewHistogram(`tollgate_feed_lag_seconds`),
		requests:    map[string]*requestMetrics{},
	}
	for path := range endpoints {
		m.requests[path] = &requestMetrics{
			set.NewCounter(fmt.Sprintf(`tollgate_requests_total{path=%q,outcome="ok"}`, path)),
			set.NewHistogram(fmt.Sprintf(`tollgate_request_seconds{path=%q}`, path)),
		}
	}
	set.NewGauge(`tollgate_feed_events`, func() float64 { return float64(s.store.Feed().Len()) })
	set.NewGauge(`tollgate_feed_position`, func() float64 { return float64(s.store.Feed().Last()) })
	set.NewGauge(`tollgate_feed_followers`, func() float64 { return float64(m.followers.Load()) })
	set.NewGauge(`tollgate_logins_waiting`, func() float64 { return float64(s.hasher.Waiting()) })
	set.NewGauge(`tollgate_hashing_processes_lost_total`, func() float64 { return float64(s.hasher.Lost()) })
	set.NewGauge(`tollgate_ready`, func() float64 {
		if s.Ready() != nil {
			return 0
		}
		return 1
	})
	return m
}

// count records one request. Outcomes other than ok are the error codes that
// answer.go knows, so there are few of them.
func (m *serviceMetrics) count(path, outcome string, took time.Duration) {
	r := m.requests[path]
	r.latency.Update(took.Seconds())
	if outcome == "ok" {
		r.ok.Inc()
		return
	}
	m.set.GetOrCreateCounter(fmt.Sprintf(`tollgate_requests_total{path=%q,outcome=%q}`, path, outcome)).Inc()
}

// lag records how far a follower was behind when it was answered.
func (m *serviceMetrics) lag(events int, since time.Time) {
	if events > 0 {
		m.behind.Update(float64(events))
		m.undelivered.UpdateDuration(since)
	}
}

func (m *serviceMetrics) write(w io.Writer) {
	m.set.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
}
