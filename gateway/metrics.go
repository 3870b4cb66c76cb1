package gateway

import (
	"fmt"
	"io"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tollgate/tollgate/engine/ecdsa"
	"github.com/tollgate/tollgate/engine/ed25519"
	"github.com/tollgate/tollgate/gateway/edge"
)

// collector holds the gateway's metrics.
type collector struct {
	set      *metrics.Set
	requests *edge.Metrics
	reloads  *metrics.Counter
	badLoad  *metrics.Counter
}

func newCollector() *collector {
	c := &collector{set: metrics.NewSet()}
	c.requests = edge.NewMetrics(c.set)
	c.reloads = c.set.NewCounter(`tollgate_reloads_total{result="done"}`)
	c.badLoad = c.set.NewCounter(`tollgate_reloads_total{result="refused"}`)
	return c
}

// watch adds the gauges that are read off g.
func (c *collector) watch(g *Gateway) {
	gauge := func(name string, f func() float64) { c.set.NewGauge(name, f) }
	count := func(name string, f func() uint64) {
		c.set.NewGauge(name, func() float64 { return float64(f()) })
	}
	a, stats := g.auth, g.auth.client.Stats()
	for algorithm, backend := range map[string]string{"EdDSA": ed25519.Backend(), "ES256": ecdsa.Backend()} {
		gauge(fmt.Sprintf("tollgate_signature_backend{algorithm=%q,backend=%q}", algorithm, backend), func() float64 { return 1 })
	}
	gauge("tollgate_client_connections", func() float64 { return float64(g.edge.Connections()) })
	gauge("tollgate_websockets", func() float64 { return float64(g.edge.WebSockets()) })
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

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
