package introspect

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tollgate/tollgate/internal/exposition"
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
	behind      *metrics.PrometheusHistogram // events that a follower had not seen
	undelivered *metrics.PrometheusHistogram // seconds that the oldest of them had waited
	requests    map[string]*requestMetrics   // by path; fixed
}

type requestMetrics struct {
	ok      *metrics.Counter
	latency *metrics.PrometheusHistogram
}

// events are the bounds of a histogram of events of the feed.
var events = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000}

// help says what each metric means, by its name.
var help = map[string]string{
	"tollgate_introspections_total":         "Introspection answers, by whether the token was active.",
	"tollgate_requests_total":               "Requests, by endpoint and by ok or the error code that was answered.",
	"tollgate_request_seconds":              "How long requests took, by endpoint, in seconds.",
	"tollgate_store_swept_total":            "Expired records deleted from the store.",
	"tollgate_store_seconds":                "How long operations of the store took, in seconds.",
	"tollgate_feed_lag_events":              "Revocations that a follower had not seen when it asked.",
	"tollgate_feed_lag_seconds":             "How long the oldest of them had waited for that follower, in seconds.",
	"tollgate_feed_events":                  "Revocations in the feed that have not expired.",
	"tollgate_feed_position":                "Number of the newest revocation in the feed.",
	"tollgate_feed_followers":               "Requests for the feed that are held open.",
	"tollgate_logins_waiting":               "Logins that wait for a password to be hashed.",
	"tollgate_hashing_processes_lost_total": "Hashing processes that died or were killed for taking too long.",
	"tollgate_ready":                        "1 while the service can serve, else 0, as /readyz says.",
}

func newMetrics(s *Service) *serviceMetrics {
	set := metrics.NewSet()
	m := &serviceMetrics{
		set:         set,
		active:      set.NewCounter(`tollgate_introspections_total{active="true"}`),
		inactive:    set.NewCounter(`tollgate_introspections_total{active="false"}`),
		unknown:     set.NewCounter(`tollgate_requests_total{route="other",outcome="not_found"}`),
		swept:       set.NewCounter(`tollgate_store_swept_total`),
		behind:      set.NewPrometheusHistogramExt(`tollgate_feed_lag_events`, events),
		undelivered: set.NewPrometheusHistogramExt(`tollgate_feed_lag_seconds`, exposition.Latencies),
		requests:    map[string]*requestMetrics{},
	}
	for path := range endpoints {
		m.requests[path] = &requestMetrics{
			set.NewCounter(fmt.Sprintf(`tollgate_requests_total{route=%q,outcome="ok"}`, path)),
			set.NewPrometheusHistogramExt(fmt.Sprintf(`tollgate_request_seconds{route=%q}`, path), exposition.Latencies),
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
	m.set.GetOrCreateCounter(fmt.Sprintf(`tollgate_requests_total{route=%q,outcome=%q}`, path, outcome)).Inc()
}

// lag records how far a follower was behind when it was answered.
func (m *serviceMetrics) lag(events int, since time.Time) {
	if events > 0 {
		m.behind.Update(float64(events))
		m.undelivered.UpdateDuration(since)
	}
}

func (m *serviceMetrics) write(w io.Writer) {
	exposition.Write(w, help, m.set.WritePrometheus)
}
