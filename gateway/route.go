package gateway

import (
	"github.com/tollgate/tollgate/gateway/policy"
	"github.com/tollgate/tollgate/gateway/upstream"
)

// A route is a rule of the policy with what forwarding needs.
type route struct {
	*policy.Rule
	timeout  int64 // milliseconds
	pause    int64 // milliseconds
	upstream *upstream.Pool
	host     []byte // of the upstream, for requests that name none
	outcomes *outcomes
}

func newRoute(r *policy.Rule, pool *upstream.Pool, m *collector) *route {
	return &route{
		Rule:     r,
		timeout:  r.Timeout.Milliseconds(),
		pause:    r.StreamTimeout.Milliseconds(),
		upstream: pool,
		host:     []byte(pool.Host()),
		outcomes: m.route(r.Where()),
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
