package policy

import (
	"cmp"
	"strings"
	"time"
)

// Route is one entry of the configuration's routes: which requests it takes,
// who may make them and where they go. One of Path, Prefix and Regex says which paths.
type Route struct {
	// Host is the name in the Host field, shop.example, or *.shop.example for all names below it; a port does not count. Empty takes every host that no other route of the path names.
	Host string `yaml:"host"`
	// Prefix is a path, taken to end where a segment ends: /orders is also /orders/1, and not /ordersx. The longest one wins.
	Prefix string `yaml:"prefix"`
	// Path is one path, exactly. It comes before prefixes and regexes.
	Path string `yaml:"path"`
	// Regex is a regular expression (RE2) for the whole path. It counts as a prefix as long as its text up to the last slash before its first special character, and comes before that prefix.
	Regex string `yaml:"regex"`
	// Methods are allowed; GET includes HEAD. Empty allows all.
	Methods []string `yaml:"methods"`
	// Upstream is a URL, or a name of upstreams. Required.
	Upstream string `yaml:"upstream"`
	// Roles of which the caller needs one. Empty needs none.
	Roles []string `yaml:"roles"`
	// Scopes of which the caller needs all. Empty needs none.
	Scopes []string `yaml:"scopes"`
	// ACR lists authentication context classes of which the token's acr has to be one; a caller who needs another is told so (RFC 9470).
	ACR []string `yaml:"acr"`
	// MaxAuthAge is how long ago the caller may have logged in, by the token's auth_time; 0 for no bound. Default 0s.
	MaxAuthAge time.Duration `yaml:"max_auth_age"`
	// When is a condition in CEL over claims, request.{method,host,path,query,headers} and source.ip. Where it is false, or cannot be evaluated, the request is refused.
	When string `yaml:"when"`
	// Public lets everybody pass, without any identity.
	Public bool `yaml:"public"`
	// Optional lets everybody pass, with an identity where a valid token is there; an invalid one is refused.
	Optional bool `yaml:"optional"`
	// TokenFrom lists where the token is looked for, the first that has one counts: authorization, cookie:NAME, header:NAME, query:NAME, websocket. Default that of the gateway.
	TokenFrom []string `yaml:"token_from"`
	// RatePerAddress is the number of requests a second to this route from one address; 0 for no bound. Default 0.
	RatePerAddress float64 `yaml:"rate_per_address"`
	// RatePerClient is the number of requests a second to this route of one authenticated subject; 0 for no bound. Default 0.
	RatePerClient float64 `yaml:"rate_per_client"`
	// StripPrefix takes the prefix off the path before it is forwarded.
	StripPrefix bool `yaml:"strip_prefix"`
	// Rewrite is the path that is forwarded instead of prefix or path; after a regex $1 and ${name} stand for what its groups have found.
	Rewrite string `yaml:"rewrite"`
	// Authorization is what the upstream gets in Authorization: token (the caller's), keep (what the client has sent, but never an API user's secret) or drop. Default token.
	Authorization string `yaml:"authorization"`
	// ClaimHeaders are fields for the upstream, each with the name of a claim; dots lead into nested objects.
	ClaimHeaders map[string]string `yaml:"claim_headers"`
	// Headers changes the fields that pass.
	Headers HeaderRules `yaml:"headers"`
	// CORS lets pages of other origins use the route.
	CORS CORS `yaml:"cors"`
	// EncodedSlashes lets %2f pass undecoded.
	EncodedSlashes bool `yaml:"encoded_slashes"`
	// PathAllows lists what else a path may have: semicolons, empty_segments, encoded_delimiters (%3f, %23), brackets ([ ] { } |), latin1 (escapes that are not UTF-8).
	PathAllows []string `yaml:"path_allows"`
	// WebSocket lets connections be upgraded to WebSocket.
	WebSocket bool `yaml:"websocket"`
	// MaxBody bounds a request body in bytes; 0 for no bound. Default 0.
	MaxBody int64 `yaml:"max_body"`
	// Timeout is how long the upstream may take to begin its answer, and to take a piece of a streamed body. Default 30s.
	Timeout time.Duration `yaml:"timeout"`
	// StreamTimeout is how long an answer under way may pause. Default 5m.
	StreamTimeout time.Duration `yaml:"stream_timeout"`
}

// The values of Route.Authorization.
const (
	AuthorizationToken = "token"
	AuthorizationKeep  = "keep"
	AuthorizationDrop  = "drop"
)

// WithDefaults is r with every default filled in.
func (r Route) WithDefaults() Route {
	r.Timeout = cmp.Or(r.Timeout, 30*time.Second)
	r.StreamTimeout = cmp.Or(r.StreamTimeout, 5*time.Minute)
	r.Authorization = cmp.Or(r.Authorization, AuthorizationToken)
	r.CORS.MaxAge = cmp.Or(r.CORS.MaxAge, 10*time.Minute)
	return r
}

// Where is the host and the path of the route as the configuration has them:
// its name in metrics, logs and explanations.
func (r *Route) Where() string {
	switch {
	case r.Path != "":
		return r.Host + r.Path
	case r.Regex != "":
		return r.Host + r.Regex
	}
	return r.Host + r.Prefix
}

// Why says in words how the route takes a path.
func (r *Route) Why() string {
	kind := "prefix " + r.Prefix + ", the longest that matches"
	switch {
	case r.Path != "":
		kind = "path " + r.Path
	case r.Regex != "":
		kind = "regex " + r.Regex
	}
	if r.Host != "" {
		return "host " + r.Host + ", " + kind
	}
	return kind
}

// identity tells a route from the others of a configuration.
func (r *Route) identity() string { return strings.Join(r.Methods, ",") + " " + r.Why() }
