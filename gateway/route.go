package gateway

import (
	"bytes"
	"slices"
	"time"

	"github.com/tollgate/tollgate/gateway/internal/upstream"
)

// A route is a Route made ready.
type route struct {
	prefix   string
	methods  []string // empty: all
	roles    []string
	scopes   []string
	public   bool
	socket   bool
	maxBody  int64
	timeout  int64 // milliseconds
	pause    int64 // milliseconds
	upstream *upstream.Pool
	host     []byte // of the upstream, for requests that name none
	// challenge is the WWW-Authenticate of a caller who lacks the scopes.
	challenge string
	outcomes  *outcomes
}

// routes finds the route of a request.
type routes struct {
	byPrefix map[string][]*route
	longest  int // prefix, in bytes
	all      []*route
}

func newRoutes() *routes { return &routes{byPrefix: map[string][]*route{}} }

func (t *routes) add(r *route) {
	// Routes with methods stand before the one for all other methods.
	list := append(t.byPrefix[r.prefix], r)
	slices.SortStableFunc(list, func(a, b *route) int {
		return boolInt(len(a.methods) == 0) - boolInt(len(b.methods) == 0)
	})
	t.byPrefix[r.prefix] = list
	t.longest = max(t.longest, len(r.prefix))
	t.all = append(t.all, r)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// match returns the route for a method and a path, or nil. The longest prefix
// that ends where a segment ends decides, and its methods are the last word: a
// shorter prefix never lets pass what a longer one does not.
func (t *routes) match(method, path []byte) *route {
	p := path
	for {
		if len(p) <= t.longest {
			if list, ok := t.byPrefix[string(p)]; ok {
				for _, r := range list {
					if r.allows(method) {
						return r
					}
				}
				return nil
			}
		}
		i := bytes.LastIndexByte(p, '/')
		if i < 0 {
			return nil
		}
		p = p[:i]
	}
}

func (r *route) allows(method []byte) bool {
	if len(r.methods) == 0 {
		return true
	}
	for _, m := range r.methods {
		if string(method) == m {
			return true
		}
	}
	return false
}

// newRoute makes c ready; the prefix loses its last slash, so that "/" is the
// empty prefix of every path.
func newRoute(c *Route, pool *upstream.Pool) *route {
	r := &route{
		prefix:   string(bytes.TrimRight([]byte(c.Prefix), "/")),
		methods:  slices.Clone(c.Methods),
		roles:    slices.Clone(c.Roles),
		scopes:   slices.Clone(c.Scopes),
		public:   c.Public,
		socket:   c.WebSocket,
		maxBody:  c.MaxBody,
		timeout:  int64(c.Timeout / time.Millisecond),
		pause:    int64(c.StreamTimeout / time.Millisecond),
		upstream: pool,
		host:     []byte(pool.Host()),
	}
	if slices.Contains(r.methods, "GET") && !slices.Contains(r.methods, "HEAD") {
		r.methods = append(r.methods, "HEAD")
	}
	r.challenge = scopeChallenge(r.scopes)
	return r
}
