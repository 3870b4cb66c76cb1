package gateway

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tollgate/tollgate/engine/ecdsa"
	"github.com/tollgate/tollgate/engine/ed25519"
	"github.com/tollgate/tollgate/engine/rsa"
	"github.com/tollgate/tollgate/gateway/edge"
	"github.com/tollgate/tollgate/internal/exposition"
)

// help says what each metric means, by its name.
var help = map[string]string{
	"tollgate_requests_total":                          "Requests, by route and by what became of them. Route is empty for the gateway's own paths and where no route takes the request.",
	"tollgate_responses_total":                         "Responses, by route and class of status.",
	"tollgate_request_seconds":                         "How long requests took, from the end of the head to the end of the answer, in seconds.",
	"tollgate_tokens_refused_total":                    "Tokens that were not accepted, by issuer (empty for one that is not known) and the engine's code; inactive is what introspection says.",
	"tollgate_reloads_total":                           "Changes of the configuration that were used, and those that were refused.",
	"tollgate_signature_backend":                       "1, with the algorithm and the code that verifies its signatures as labels.",
	"tollgate_client_connections":                      "Connections of clients that are open.",
	"tollgate_websockets":                              "WebSockets that are open.",
	"tollgate_upstream_connections":                    "Connections to upstreams that are open.",
	"tollgate_upstream_ejected":                        "Addresses of upstreams that are left out since they fail.",
	"tollgate_breaker_open":                            "1 while the security service is not called since it fails.",
	"tollgate_introspection_calls_total":               "Calls to the security service for introspection.",
	"tollgate_introspection_failures_total":            "Of these calls, those that failed.",
	"tollgate_introspection_cache_hits_total":          "Introspection answers from the cache.",
	"tollgate_introspection_cache_misses_total":        "Introspection answers that were not in the cache.",
	"tollgate_issuer_introspection_calls_total":        "Calls to other issuers for introspection.",
	"tollgate_issuer_introspection_failures_total":     "Of these calls, those that failed.",
	"tollgate_issuer_introspection_cache_hits_total":   "Introspection answers of other issuers from the cache.",
	"tollgate_issuer_introspection_cache_misses_total": "Introspection answers of other issuers that were not in the cache.",
	"tollgate_issuer_keys":                             "Keys that tokens of other issuers are verified by.",
	"tollgate_revocations":                             "Revocations that are known and have not expired.",
	"tollgate_revocations_stale":                       "1 while the feed of revocations is lost for longer than its bound.",
	"tollgate_revocation_feed_silence_seconds":         "How long ago the feed of revocations last answered, in seconds.",
	"tollgate_claims_cache_hits_total":                 "Tokens whose claims were in the cache.",
	"tollgate_claims_cache_misses_total":               "Tokens whose claims were not in the cache.",
	"tollgate_key_age_seconds":                         "How long ago the key set was last read, in seconds; -1 before it was.",
	"tollgate_keys":                                    "Keys that tokens are verified by.",
}

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
	a := g.auth
	for algorithm, backend := range map[string]string{"EdDSA": ed25519.Backend(), "ES256": ecdsa.Backend(), "RS256": rsa.Backend()} {
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
	if a.client != nil {
		stats := a.client.Stats()
		gauge("tollgate_breaker_open", func() float64 { return float64(boolInt(a.client.Open())) })
		count("tollgate_introspection_calls_total", stats.Calls.Load)
		count("tollgate_introspection_failures_total", stats.Failures.Load)
		count("tollgate_introspection_cache_hits_total", stats.Hits.Load)
		count("tollgate_introspection_cache_misses_total", stats.Misses.Load)
		gauge("tollgate_revocation_feed_silence_seconds", func() float64 { return a.follower.Lag(time.Now()).Seconds() })
	}
	for _, i := range a.others.introspectors {
		stats := i.Stats()
		for name, of := range map[string]*atomic.Uint64{"calls": &stats.Calls, "failures": &stats.Failures, "cache_hits": &stats.Hits, "cache_misses": &stats.Misses} {
			count(fmt.Sprintf("tollgate_issuer_introspection_%s_total{issuer=%s}", name, exposition.Quote(i.Issuer)), of.Load)
		}
	}
	for i, keys := range a.others.keys {
		gauge(fmt.Sprintf("tollgate_issuer_keys{issuer=%s}", exposition.Quote(a.others.conf[i].Name)), func() float64 { return float64(keys.Snapshot().Len()) })
	}
	gauge("tollgate_revocations", func() float64 { return float64(a.set.Len()) })
	gauge("tollgate_revocations_stale", func() float64 { return float64(boolInt(a.stale.Load())) })
	if a.engine != nil {
		count("tollgate_claims_cache_hits_total", func() uint64 { return a.engine.CacheStats().Hits })
		count("tollgate_claims_cache_misses_total", func() uint64 { return a.engine.CacheStats().Misses })
		for r := range a.engine.Refusals() {
			count(fmt.Sprintf("tollgate_tokens_refused_total{issuer=%s,code=%q}", exposition.Quote(r.Issuer), r.Code), r.Count)
		}
	}
	if a.keys != nil {
		gauge("tollgate_key_age_seconds", func() float64 { return a.keyAge(time.Now()) })
		gauge("tollgate_keys", func() float64 { return float64(a.keys.Snapshot().Len()) })
	}
}

func (c *collector) write(w io.Writer) {
	exposition.Write(w, help, c.set.WritePrometheus)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
