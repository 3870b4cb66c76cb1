package gateway

import (
	"fmt"
	"io"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// latencies are the bounds of the histograms, in seconds.
var latencies = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// collector holds the gateway's metrics.
type collector struct {
	set     *metrics.Set
	local   *outcomes // of the gateway's own paths and of requests that no route takes
	turned  *outcomes // of heads that were not even read
	reloads *metrics.Counter
	badLoad *metrics.Counter
}

// outcomes are the metrics of one route.
type outcomes struct {
	count   [numOutcomes]*metrics.Counter
	status  [6]*metrics.Counter // by hundreds
	seconds *metrics.PrometheusHistogram
}

func newCollector() *collector {
	c := &collector{set: metrics.NewSet()}
	c.local, c.turned = c.route(""), c.route("malformed")
	c.reloads = c.set.NewCounter(`tollgate_reloads_total{result="done"}`)
	c.badLoad = c.set.NewCounter(`tollgate_reloads_total{result="refused"}`)
	return c
}

// route returns the metrics of a route, which outlive a reload.
func (c *collector) route(label string) *outcomes {
	o := &outcomes{}
	for i := range o.count {
		name := fmt.Sprintf("tollgate_requests_total{route=%q,outcome=%q}", label, answers[i].label)
		o.count[i] = c.set.GetOrCreateCounter(name)
	}
	for i := range o.status {
		if i > 0 {
			o.status[i] = c.set.GetOrCreateCounter(fmt.Sprintf("tollgate_responses_total{route=%q,class=\"%dxx\"}", label, i))
		}
	}
	o.seconds = c.set.GetOrCreatePrometheusHistogramExt(fmt.Sprintf("tollgate_request_seconds{route=%q}", label), latencies)
	return o
}

// done counts a request.
func (c *collector) done(e *exchange, took time.Duration) {
	o := c.local
	if e.route != nil {
		o = e.route.outcomes
	}
	o.count[e.outcome].Inc()
	if class := e.status / 100; class > 0 && class < len(o.status) {
		o.status[class].Inc()
	}
	o.seconds.Update(took.Seconds())
}

// refused counts a request that was turned away before it could be read.
func (c *collector) refused(o outcome) {
	c.turned.count[o].Inc()
	c.turned.status[answers[o].status/100].Inc()
}

// watch adds the gauges that are read off g.
func (c *collector) watch(g *Gateway) {
	gauge := func(name string, f func() float64) { c.set.NewGauge(name, f) }
	count := func(name string, f func() uint64) {
		c.set.NewGauge(name, func() float64 { return float64(f()) })
	}
	a, stats := g.auth, g.auth.client.Stats()
	gauge("tollgate_client_connections", func() float64 { return float64(g.open.Load()) })
	gauge("tollgate_websockets", func() float64 { return float64(g.tunnels.len()) })
	gauge("tollgate_upstream_connections", func() float64 {
		n := 0
		for _, p := range g.snap.Load().pools {
			n += p.Open()
		}
		return float64(n)
	})
	gauge("tollgate_upstream_ejected", func() float64 {
		n := 0
		for _, p := range g.snap.Load().pools {
			for _, a := range p.Addrs() {
				n += boolInt(a.Ejected())
			}
		}
		return float64(n)
	})
	gauge("tollgate_breaker_open", func() float64 { return float64(boolInt(a.client.Open())) })
	count("tollgate_introspection_calls_total", stats.Calls.Load)
	count("tollgate_introspection_failures_total", stats.Failures.Load)
	count("tollgate_introspection_cache_hits_total", stats.Hits.Load)
	count("tollgate_introspection_cache_misses_total", stats.Misses.Load)
	gauge("tollgate_revocations", func() float64 { return float64(a.set.Len()) })
	gauge("tollgate_revocations_stale", func() float64 { return float64(boolInt(a.stale.Load())) })
	gauge("tollgate_revocation_feed_silence_seconds", func() float64 { return a.follower.Lag(time.Now()).Seconds() })
	if a.engine != nil {
		count("tollgate_claims_cache_hits_total", func() uint64 { return a.engine.CacheStats().Hits })
		count("tollgate_claims_cache_misses_total", func() uint64 { return a.engine.CacheStats().Misses })
	}
	if a.keys != nil {
		gauge("tollgate_key_age_seconds", func() float64 { return a.keyAge(time.Now()) })
		gauge("tollgate_keys", func() float64 { return float64(a.keys.Snapshot().Len()) })
	}
}

func (c *collector) write(w io.Writer) {
	c.set.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
}
