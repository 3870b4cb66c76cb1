package edge

import (
	"net/netip"
	"strings"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
	"github.com/tollgate/tollgate/gateway/upstream"
)

// Settings are all that a reload changes for a Server. They are immutable, and
// a request is served by those that were there when its head was.
type Settings struct {
	Table   *policy.Table
	Routes  []*Route       // by the index of the rule
	Proxies []netip.Prefix // whose word about the client is taken
	Heads   wire.Limits    // of request heads; Head is also the size of a connection's buffer

	// EndpointPrefix goes before the paths of the gateway's own endpoints, and
	// NoEndpoints turns them off.
	EndpointPrefix string
	NoEndpoints    bool

	GatewayField []byte // a field line, by which upstreams know the gateway; may be empty

	Resources []*Resource // whose metadata are served, and named in challenges

	Connections, ConnectionsPerAddress int // 0 of the second is no bound
	Logins                             int // logins and token requests under way at once

	Addresses, LoginAddresses *policy.Limiter[netip.Addr] // by policy.RateKey
	Subjects                  *policy.Limiter[string]

	Head, Idle, Body, Write time.Duration // what a client may take; see gateway.Timeouts
	Grace, Drain            time.Duration

	APIUsers bool // clients may send their own credentials: who has sent none is told so

	LogSample int  // logs one request in so many; 0 logs none
	LogErrors bool // also logs every answer from 500 on
}

// A Route is a rule of the policy with what forwarding needs.
type Route struct {
	*policy.Rule
	Upstream *upstream.Pool
	base     string // path of the upstream's URL, without a slash at its end
	timeout  int64  // milliseconds
	pause    int64  // milliseconds
	host     []byte // of the upstream, for requests that name none
	outcomes *outcomes
}

// NewRoute returns the route of a rule, counted in m. base is the path of the
// upstream's URLs, which goes before that of every request.
func NewRoute(r *policy.Rule, pool *upstream.Pool, base string, m *Metrics) *Route {
	return &Route{
		base:     strings.TrimRight(base, "/"),
		Rule:     r,
		Upstream: pool,
		timeout:  r.Timeout.Milliseconds(),
		pause:    r.StreamTimeout.Milliseconds(),
		host:     []byte(pool.Host()),
		outcomes: m.route(r.Where()),
	}
}

// Presented is what a request presents to say who is asking: views of its head,
// valid until the request has been answered.
type Presented struct {
	Authorization, APIKey       []byte
	HasAuthorization, HasAPIKey bool
}

// An Identity is an authenticated caller. Its slices are views of the request
// head.
type Identity struct {
	Claims  *claims.Claims // nil where nobody was authenticated
	Token   []byte         // what the upstream gets as Bearer: a view of the request,
	Phantom string         // or the JWT behind a phantom token
}

// An Authenticator finds out who is asking. It is safe for concurrent use.
type Authenticator interface {
	// Authenticate says whose the credentials are. The outcome is Allowed, or
	// what to answer instead.
	Authenticate(p Presented, now time.Time) (Identity, Outcome)
	// Token reads the bearer token without judging it. The outcome is Allowed,
	// or what to answer instead.
	Token(p Presented) ([]byte, Outcome)
	// Explain says why a token was not accepted, for operators: a code and, where
	// there is one, a detail that may quote the token's claims. It may cost several
	// times what Authenticate does.
	Explain(p Presented, now time.Time) (code, detail string)
	// Revoked reports whether what was authenticated has been revoked since.
	Revoked(c *claims.Claims) bool
}
