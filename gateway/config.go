package gateway

import (
	"time"

	"github.com/tollgate/tollgate/gateway/identity"
	"github.com/tollgate/tollgate/gateway/policy"
	"github.com/tollgate/tollgate/introspect/client"
)

// The modes: what clients hold and how it is validated.
const (
	ModeJWT     = "jwt"     // a transparent token, verified here
	ModeOpaque  = "opaque"  // a UUID, validated by the security service
	ModePhantom = "phantom" // a UUID outside, a JWT inside
)

// Config is the gateway's configuration. The zero value of every key but
// those marked required is useful; docs/gateway.md lists them all.
type Config struct {
	// Listen is the address of the public listener. Default 127.0.0.1:8080.
	Listen string `yaml:"listen"`
	// Admin is the address of the admin listener; keep it off the public network. Default 127.0.0.1:8081.
	Admin string `yaml:"admin"`
	// AdminHosts are names, beside loopback ones and the address itself, that requests to the admin listener may be sent to. Default none.
	AdminHosts []string `yaml:"admin_hosts"`
	// Pprof serves profiles of the process at /debug/pprof of the admin listener.
	Pprof bool `yaml:"pprof"`
	// Mode is jwt, opaque or phantom. Default jwt.
	Mode string `yaml:"mode"`
	// Issuer is the iss that tokens have to name. Required without issuers.
	Issuer string `yaml:"issuer"`
	// Audience is the aud that tokens have to name. Empty accepts any.
	Audience string `yaml:"audience"`
	// Skew is the clock skew granted to JWTs of issuer, whose clock is the security service's, at most 60s; issuers have their own. Default 0s.
	Skew time.Duration `yaml:"skew"`
	// Issuers are other issuers whose tokens are taken, beside that of issuer or instead of it; docs/issuers.md has their keys.
	Issuers []identity.Issuer `yaml:"issuers"`
	// Keys says where the issuer's public keys are.
	Keys Keys `yaml:"keys"`
	// SecurityService is the service that issues and introspects tokens. Required, but in mode jwt: without it there are no logins, API users, opaque tokens of its and no revocations.
	SecurityService client.Config `yaml:"security_service"`
	// Cache bounds what is remembered of tokens.
	Cache Cache `yaml:"cache"`
	// Revocations says how the revocation feed is followed.
	Revocations Revocations `yaml:"revocations"`
	// APIUsers says how clients that send credentials with every request are served.
	APIUsers APIUsers `yaml:"api_users"`
	// UpstreamSecret is sent to upstreams as X-Auth-Gateway, so that they know the gateway by it.
	UpstreamSecret client.Secret `yaml:"upstream_secret"`
	// Upstreams are the services behind the gateway, by name.
	Upstreams map[string]Upstream `yaml:"upstreams"`
	// TokenFrom is the token_from of routes that have none of their own. Default authorization.
	TokenFrom []string `yaml:"token_from"`
	// Routes say who may do what. What no route allows is refused.
	Routes []Route `yaml:"routes"`
	// Endpoints says where the gateway's own endpoints are.
	Endpoints Endpoints `yaml:"endpoints"`
	// Limits bound what a client may ask of the gateway.
	Limits Limits `yaml:"limits"`
	// Timeouts bound how long a peer may take.
	Timeouts Timeouts `yaml:"timeouts"`
	// TrustedProxies are the networks (CIDR) whose X-Forwarded-For and X-Request-Id are believed.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// TLS, where it has a certificate, has the public listener speak TLS.
	TLS ServerTLS `yaml:"tls"`
	// AccessLog says what is logged of requests.
	AccessLog AccessLog `yaml:"access_log"`
}

// Keys says where the issuer's public keys are.
type Keys struct {
	// URL of the JWKS document. Default: the security service's own.
	URL string `yaml:"url"`
	// File holds the JWKS document, instead of a URL.
	File string `yaml:"file"`
	// Refresh is how often the document is read again. Default 1m.
	Refresh time.Duration `yaml:"refresh"`
	// MaxAge is how long ago the document may have been read before /readyz answers 503; 0s for no bound. Default 0s.
	MaxAge time.Duration `yaml:"max_age"`
}

// Cache bounds what is remembered of tokens.
type Cache struct {
	// Claims is the memory for verified JWTs, in bytes; -1 turns it off. Default 16777216.
	Claims int64 `yaml:"claims"`
	// IntrospectionTTL bounds how long an answer of the security service is used; 0s asks it every time. Default 0s.
	IntrospectionTTL time.Duration `yaml:"introspection_ttl"`
	// Introspection is the memory for answers of the security service, in bytes. Default 16777216.
	Introspection int64 `yaml:"introspection"`
	// InactiveTTL bounds how long a token is taken for inactive. Default 1s, and never more than introspection_ttl.
	InactiveTTL time.Duration `yaml:"inactive_ttl"`
	// InactiveEntries bounds how many inactive tokens are remembered. Default 8192.
	InactiveEntries int `yaml:"inactive_entries"`
}

// What to do with requests while the feed is silent for too long.
const (
	StaleRefuse = "refuse"
	StaleServe  = "serve"
)

// Revocations says how the revocation feed is followed.
type Revocations struct {
	// MaxSilence is how long the feed may be lost before what is known of revocations counts as stale. Default 5m.
	MaxSilence time.Duration `yaml:"max_silence"`
	// WhenStale is refuse (answer 503) or serve. Default refuse.
	WhenStale string `yaml:"when_stale"`
}

// APIUsers says how clients that send credentials with every request are served.
type APIUsers struct {
	// Disabled refuses Authorization: Basic and X-API-Key.
	Disabled bool `yaml:"disabled"`
	// Entries bounds how many clients' tokens are kept. Default 4096.
	Entries int `yaml:"entries"`
	// RenewBefore is how long before its expiry a kept token is replaced. Default 10s.
	RenewBefore time.Duration `yaml:"renew_before"`
	// RefusedTTL is how long refused credentials are remembered as such. Default 2s.
	RefusedTTL time.Duration `yaml:"refused_ttl"`
	// RefusedEntries bounds how many refused credentials are remembered. Default 4096.
	RefusedEntries int `yaml:"refused_entries"`
	// Calls bounds how many credentials are being checked with the security service at once; more are 429. Default 64.
	Calls int `yaml:"calls"`
}

// Upstream is a service behind the gateway.
type Upstream struct {
	// URLs are its addresses, scheme, host and port each, and the path that goes before that of every request, the same for all. Required.
	URLs []string `yaml:"urls"`
	// MaxIdle bounds the idle connections kept to each address. Default 256.
	MaxIdle int `yaml:"max_idle"`
	// MaxConns bounds the connections to all addresses; 0 for no bound. Default 0.
	MaxConns int `yaml:"max_conns"`
	// IdleTimeout is how long an idle connection is kept. Default 30s.
	IdleTimeout time.Duration `yaml:"idle_timeout"`
	// Failures in a row take an address out of use for a while; -1 never. Default 5.
	Failures int `yaml:"failures"`
	// EjectFor is for how long, the first time. Default 5s.
	EjectFor time.Duration `yaml:"eject_for"`
	// Health is a path that is asked for regularly; an address that does not answer 2xx gets no requests. Default none.
	Health string `yaml:"health"`
	// HealthInterval is how often. Default 5s.
	HealthInterval time.Duration `yaml:"health_interval"`
	// TLS is used for https addresses.
	TLS client.TLS `yaml:"tls"`
}

// Endpoints says where the gateway's own endpoints are: /login, /logout, /account, /oauth2/… and
// the documents under /.well-known.
type Endpoints struct {
	// Prefix goes before their paths, such as /auth.
	Prefix string `yaml:"prefix"`
	// Disabled turns them off.
	Disabled bool `yaml:"disabled"`
	// ResourceMetadata serves RFC 9728's metadata for every audience that is a URL, and names them in challenges.
	ResourceMetadata bool `yaml:"resource_metadata"`
}

// Route is one entry of routes.
type Route = policy.Route

// Limits bound what a client may ask of the gateway.
type Limits struct {
	// Head is the size of a request head in bytes, at most 65536. Default 16384.
	Head int `yaml:"head"`
	// Target is the size of a request target in bytes. Default 8192.
	Target int `yaml:"target"`
	// Fields is the number of header fields, at most 255. Default 100.
	Fields int `yaml:"fields"`
	// Token is the size of a token in bytes, at most 32768. Default 8192.
	Token int `yaml:"token"`
	// Connections is the number of client connections. Default 20000.
	Connections int `yaml:"connections"`
	// ConnectionsPerAddress is the number of connections from one address; 0 for no bound. Default 0.
	ConnectionsPerAddress int `yaml:"connections_per_address"`
	// RatePerAddress is the number of requests a second from one address; 0 for no bound. Default 0.
	RatePerAddress float64 `yaml:"rate_per_address"`
	// RatePerClient is the number of requests a second of one authenticated subject; 0 for no bound. Default 0.
	RatePerClient float64 `yaml:"rate_per_client"`
	// LoginsPerAddress is the number of logins and token requests a second from one address; 0 leaves it to the security service, which has limits of its own. Default 0.
	LoginsPerAddress float64 `yaml:"logins_per_address"`
	// Logins is the number of logins and token requests under way at once. Default 64.
	Logins int `yaml:"logins"`
}

// Timeouts bound how long a peer may take.
type Timeouts struct {
	// Head is for a request head, from its first byte to its last. Default 5s.
	Head time.Duration `yaml:"head"`
	// Body is how long a request body may stay below 1 KiB a second. Default 7s.
	Body time.Duration `yaml:"body"`
	// Write is how long a client may take to accept a piece of an answer. Default 7s.
	Write time.Duration `yaml:"write"`
	// Idle is how long a connection may wait for its next request: longer than load balancers reuse theirs. Default 620s.
	Idle time.Duration `yaml:"idle"`
	// Dial is for connecting to an upstream. Default 2s.
	Dial time.Duration `yaml:"dial"`
	// Grace is how long connections are still taken once the gateway is told to stop, while /readyz says that it will. Default 5s.
	Grace time.Duration `yaml:"grace"`
	// Drain is how long requests under way may take once the gateway is told to stop. Default 15s.
	Drain time.Duration `yaml:"drain"`
}

// ServerTLS has a listener speak TLS.
type ServerTLS struct {
	// CertFile is the PEM certificate chain. A changed file is read again.
	CertFile string `yaml:"cert_file"`
	// KeyFile is its private key.
	KeyFile string `yaml:"key_file"`
	// ClientCAFile, where set, has clients show a certificate of these authorities.
	ClientCAFile string `yaml:"client_ca_file"`
}

// AccessLog says what is logged of requests. Credentials and query strings never are.
type AccessLog struct {
	// Sample logs one request in so many; 0 logs none. Default 0.
	Sample int `yaml:"sample"`
	// Errors also logs every answer from 500 on.
	Errors bool `yaml:"errors"`
}
