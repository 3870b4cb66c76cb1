package gateway

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/gateway/edge"
	"github.com/tollgate/tollgate/gateway/policy"
	"github.com/tollgate/tollgate/internal/hostcheck"
	"github.com/tollgate/tollgate/internal/yamlconf"
)

// ErrConfig is what every error of Check is.
var ErrConfig = errors.New("configuration")

// Check reports what is wrong with c, by the path of the YAML key. It opens no
// file and no connection.
func (c Config) Check() error {
	c = c.WithDefaults()
	var all []error
	for _, check := range []func(*Config) error{
		checkListeners, checkTokens, checkService, checkUpstreams, checkRoutes, checkBounds, checkTLS,
	} {
		if err := check(&c); err != nil {
			all = append(all, configError{err})
		}
	}
	return errors.Join(all...)
}

// A configError is one mistake that Check has found.
type configError struct{ error }

func (e configError) Error() string     { return "configuration: " + e.error.Error() }
func (e configError) Is(err error) bool { return err == ErrConfig }
func (e configError) Unwrap() error     { return e.error }

func checkListeners(c *Config) error {
	for key, address := range map[string]string{"listen": c.Listen, "admin": c.Admin} {
		if err := port(address); err != nil {
			return at(key, "%w", err)
		}
	}
	return nil
}

func at(key string, format string, args ...any) error {
	return fmt.Errorf("%s: %w", key, fmt.Errorf(format, args...))
}

func checkTokens(c *Config) error {
	if !slices.Contains([]string{ModeJWT, ModeOpaque, ModePhantom}, c.Mode) {
		return at("mode", "want jwt, opaque or phantom, not %q", c.Mode)
	}
	if c.Issuer == "" && len(c.Issuers) == 0 {
		return at("issuer", "required")
	}
	if err := checkIssuers(c); err != nil {
		return err
	}
	if c.Skew < 0 || c.Skew > time.Minute {
		return at("skew", "want 0s to 60s")
	}
	if c.Keys.URL != "" && c.Keys.File != "" {
		return at("keys", "give url or file, not both")
	}
	if c.Keys.URL != "" {
		if u, err := url.Parse(c.Keys.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return at("keys.url", "want http:// or https:// and a host")
		}
	}
	if c.Keys.MaxAge > 0 && c.Keys.MaxAge <= c.Keys.Refresh && c.Keys.File == "" {
		return at("keys.max_age", "want more than keys.refresh, which is %v", c.Keys.Refresh)
	}
	if !slices.Contains([]string{StaleRefuse, StaleServe}, c.Revocations.WhenStale) {
		return at("revocations.when_stale", "want refuse or serve, not %q", c.Revocations.WhenStale)
	}
	for i, name := range c.AdminHosts {
		if !hostcheck.CheckName(name) {
			return at(fmt.Sprintf("admin_hosts[%d]", i), "want a host name or an address without a port")
		}
	}
	return nil
}

func checkService(c *Config) error {
	if !c.hasService() {
		switch {
		case c.Mode != ModeJWT:
			return at("security_service.url", "required in mode %s", c.Mode)
		case c.Issuer != "" && c.Keys.URL == "" && c.Keys.File == "":
			return at("keys", "give url or file: there is no security_service to read the keys of")
		}
	} else if err := c.SecurityService.Check(); err != nil {
		return fmt.Errorf("security_service.%w", err)
	}
	if err := c.UpstreamSecret.Check(); err != nil {
		return at("upstream_secret", "%w", err)
	}
	return nil
}

func checkUpstreams(c *Config) error {
	for name, u := range c.Upstreams {
		key := "upstreams." + name
		if len(u.URLs) == 0 {
			return at(key+".urls", "required")
		}
		for i, s := range u.URLs {
			parsed, err := baseURL(s)
			if err != nil {
				return at(fmt.Sprintf("%s.urls[%d]", key, i), "%w", err)
			}
			if first, err := baseURL(u.URLs[0]); err == nil && strings.TrimRight(parsed.Path, "/") != strings.TrimRight(first.Path, "/") {
				return at(fmt.Sprintf("%s.urls[%d]", key, i), "all URLs of an upstream have the same path; the first has %q", first.Path)
			}
		}
		if u.Health != "" && u.Health[0] != '/' {
			return at(key+".health", "want a path")
		}
		if u.MaxIdle < 0 || u.MaxConns < 0 || u.IdleTimeout < 0 || u.Failures < -1 || u.EjectFor < 0 || u.HealthInterval < 0 {
			return at(key, "numbers must not be negative")
		}
	}
	return nil
}

// baseURL is an upstream's URL: where to connect, and the path that goes before
// that of every request.
func baseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("want http:// or https:// and a host")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("want a port of 1 to 65535, not %s", port)
		}
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, errors.New("want scheme, host, port and path alone")
	}
	if p := strings.TrimRight(u.Path, "/"); u.RawPath != "" || p != "" && (policy.DotSegment([]byte(p)) || strings.Contains(p, "//") || strings.ContainsAny(p, "%;\\ ")) {
		return nil, errors.New("want a plain path: no escapes, dots or empty segments")
	}
	return u, nil
}

// basePath is the path of the URLs of an upstream.
func (c *Config) basePath(name string) string {
	for _, address := range c.upstreamOf(name).URLs {
		if u, err := baseURL(address); err == nil {
			return strings.TrimRight(u.Path, "/")
		}
	}
	return ""
}

func checkRoutes(c *Config) error {
	if len(c.Routes) == 0 {
		return at("routes", "required: without any, every request is refused")
	}
	for i := range c.Routes {
		if err := checkUpstreamOf(c, &c.Routes[i]); err != nil {
			return fmt.Errorf("routes[%d].%w", i, err)
		}
	}
	if _, err := policy.New(c.Routes, nil); err != nil {
		return err
	}
	return checkEndpoints(c)
}

// checkEndpoints reports routes whose path is an endpoint of the gateway's own.
func checkEndpoints(c *Config) error {
	e := &c.Endpoints
	if e.Prefix != "" && (e.Prefix[0] != '/' || e.Prefix[len(e.Prefix)-1] == '/' || strings.ContainsAny(e.Prefix, "%?#;\\ ") || policy.DotSegment([]byte(e.Prefix))) {
		return at("endpoints.prefix", "want a path such as /auth")
	}
	if found, err := c.resources(); err != nil || e.ResourceMetadata && len(found) == 0 {
		return at("endpoints.resource_metadata", "no audience is a URL, https://api.example/orders: a resource is called by one (RFC 9728, section 1.2)")
	}
	for i, r := range c.Routes {
		key, path := "prefix", strings.TrimRight(r.Prefix, "/")
		if r.Path != "" {
			key, path = "path", r.Path
		}
		if c.isEndpoint(path) {
			return at(fmt.Sprintf("routes[%d].%s", i, key),
				"%s is the gateway's own and can never be reached by a route: move the gateway's endpoints with endpoints.prefix, or turn them off with endpoints.disabled", path)
		}
	}
	return nil
}

// resources are the audiences that are URLs, where RFC 9728 is on.
func (c *Config) resources() ([]*edge.Resource, error) {
	u, err := url.Parse(c.Audience)
	if !c.Endpoints.ResourceMetadata || err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, nil
	}
	r, err := edge.NewResource(c.Audience, []string{c.Issuer})
	if err != nil {
		return nil, err
	}
	return []*edge.Resource{r}, nil
}

// isEndpoint reports whether the gateway answers a path itself: nothing without a
// security service.
func (c *Config) isEndpoint(path string) bool {
	rest, ok := strings.CutPrefix(path, c.Endpoints.Prefix)
	return ok && c.hasService() && !c.Endpoints.Disabled && slices.Contains(edge.Endpoints(), rest)
}

// checkUpstreamOf reports whether the route leads anywhere.
func checkUpstreamOf(c *Config, r *Route) error {
	if r.Upstream == "" {
		return at("upstream", "required")
	}
	if _, named := c.Upstreams[r.Upstream]; named {
		return nil
	}
	if !strings.Contains(r.Upstream, "://") {
		return at("upstream", "%q is neither a URL nor one of upstreams%s", r.Upstream, nearest(r.Upstream, c.Upstreams))
	}
	if _, err := baseURL(r.Upstream); err != nil {
		return at("upstream", "%w", err)
	}
	return nil
}

// nearest says which of the upstreams may be meant.
func nearest(name string, upstreams map[string]Upstream) string {
	if len(upstreams) == 0 {
		return ""
	}
	return fmt.Sprintf("; the nearest is %q", yamlconf.Nearest(name, slices.Sorted(maps.Keys(upstreams))))
}

func checkBounds(c *Config) error {
	l, t := &c.Limits, &c.Timeouts
	if l.Head < 512 || l.Head > 64<<10 {
		return at("limits.head", "want 512 to 65536")
	}
	if l.Target < 64 || l.Target > l.Head {
		return at("limits.target", "want 64 up to limits.head")
	}
	if l.Token < 64 || l.Token > jwt.MaxSize {
		return at("limits.token", "want 64 to %d", jwt.MaxSize)
	}
	if l.Fields < 1 || l.Fields > 255 {
		return at("limits.fields", "want 1 to 255")
	}
	for key, v := range map[string]float64{
		"limits.connections":             float64(l.Connections),
		"limits.connections_per_address": float64(l.ConnectionsPerAddress),
		"limits.rate_per_address":        l.RatePerAddress,
		"limits.rate_per_client":         l.RatePerClient,
		"limits.logins_per_address":      l.LoginsPerAddress,
		"limits.logins":                  float64(l.Logins),
		"timeouts.head":                  t.Head.Seconds(),
		"timeouts.body":                  t.Body.Seconds(),
		"timeouts.write":                 t.Write.Seconds(),
		"timeouts.idle":                  t.Idle.Seconds(),
		"timeouts.dial":                  t.Dial.Seconds(),
		"timeouts.grace":                 t.Grace.Seconds(),
		"timeouts.drain":                 t.Drain.Seconds(),
		"keys.refresh":                   c.Keys.Refresh.Seconds(),
		"keys.max_age":                   c.Keys.MaxAge.Seconds(),
		"revocations.max_silence":        c.Revocations.MaxSilence.Seconds(),
		"cache.introspection_ttl":        c.Cache.IntrospectionTTL.Seconds(),
		"cache.introspection":            float64(c.Cache.Introspection),
		"cache.inactive_ttl":             c.Cache.InactiveTTL.Seconds(),
		"cache.inactive_entries":         float64(c.Cache.InactiveEntries),
		"api_users.entries":              float64(c.APIUsers.Entries),
		"api_users.renew_before":         c.APIUsers.RenewBefore.Seconds(),
		"api_users.refused_ttl":          c.APIUsers.RefusedTTL.Seconds(),
		"api_users.refused_entries":      float64(c.APIUsers.RefusedEntries),
		"api_users.calls":                float64(c.APIUsers.Calls),
		"access_log.sample":              float64(c.AccessLog.Sample),
	} {
		if v < 0 {
			return at(key, "must not be negative")
		}
	}
	for i, s := range c.TrustedProxies {
		p, err := netip.ParsePrefix(s)
		switch {
		case err != nil:
			return at(fmt.Sprintf("trusted_proxies[%d]", i), "want a network such as 10.0.0.0/8")
		case p.Bits() == 0:
			return at(fmt.Sprintf("trusted_proxies[%d]", i), "%s is everybody: any client could say which address it has; list the proxies' own networks", s)
		}
	}
	return nil
}

func checkTLS(c *Config) error {
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		return at("tls", "cert_file and key_file belong together")
	}
	if c.TLS.ClientCAFile != "" && c.TLS.CertFile == "" {
		return at("tls.client_ca_file", "needs cert_file")
	}
	return nil
}
