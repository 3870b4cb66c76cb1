package gateway

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/tollgate/tollgate/gateway/edge"
	"github.com/tollgate/tollgate/gateway/policy"
	"github.com/tollgate/tollgate/introspect/client"
)

// Warnings are what can be and is hardly meant, each with the path of the YAML key
// that it is about. Unlike Check it looks at the files that c names: here, which
// may not be where the gateway runs.
func (c Config) Warnings() []error {
	c = c.WithDefaults()
	var found []error
	warn := func(key, format string, args ...any) { found = append(found, at(key, format, args...)) }
	if table, err := policy.New(c.Routes, nil); err == nil {
		for _, f := range table.Findings() {
			warn(f.Key, "%s", f.Text)
		}
	}
	c.warnOfEndpoints(warn)
	c.warnOfClearText(warn)
	c.warnOfFiles(warn)
	return found
}

type warning func(key, format string, args ...any)

// warnOfEndpoints is about routes that some of the gateway's own endpoints lie
// below. A route for every path is meant so.
func (c *Config) warnOfEndpoints(warn warning) {
	if c.Endpoints.Disabled {
		return
	}
	for i, r := range c.Routes {
		prefix := strings.TrimRight(r.Prefix, "/")
		var below []string
		for _, path := range edge.Endpoints() {
			if path = c.Endpoints.Prefix + path; prefix != "" && strings.HasPrefix(path, prefix+"/") {
				below = append(below, path)
			}
		}
		if len(below) > 0 {
			warn(fmt.Sprintf("routes[%d].prefix", i), "the gateway itself answers %s; endpoints.prefix moves them, endpoints.disabled turns them off", strings.Join(below, ", "))
		}
	}
}

// warnOfClearText is about http where credentials or keys travel.
func (c *Config) warnOfClearText(warn warning) {
	for key, what := range map[string]string{
		"security_service.url": c.SecurityService.URL,
		"keys.url":             c.Keys.URL,
		"issuer":               c.Issuer,
	} {
		u, err := url.Parse(what)
		switch {
		case what == "" || err != nil:
		case key == "issuer" && (u.Scheme == "" || u.Host == ""):
			warn(key, "%q is no URL: issuers are called by one (RFC 8414, section 2), and this has to be the iss of the tokens to the letter", what)
		case u.Scheme == "http" && !ownMachine(u.Hostname()):
			warn(key, "http to another machine: secrets, tokens and keys travel in the clear, and can be changed on the way; use https")
		}
	}
	for name, u := range c.Upstreams {
		for i, address := range u.URLs {
			if p, err := url.Parse(address); err == nil && p.Scheme == "http" && p.Port() == "443" {
				warn(fmt.Sprintf("upstreams.%s.urls[%d]", name, i), "http at port 443; https may be meant")
			}
		}
	}
}

// ownMachine reports whether a host is this machine, or a name without dots, as
// in a container's or a cluster's own network.
func ownMachine(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback()
	}
	return host == "localhost" || !strings.Contains(host, ".") || strings.HasSuffix(host, ".svc.cluster.local")
}

// shortSecret is the length below which a secret can be guessed.
const shortSecret = 16

// warnOfFiles is about the files that c names.
func (c *Config) warnOfFiles(warn warning) {
	secret := func(key string, s client.Secret) {
		if s.File != "" {
			warnOfFile(warn, key+".file", s.File, true)
		}
		if v, err := s.Read(); err == nil && len(v) < shortSecret {
			warn(key, "the secret has %d bytes; want at least %d random ones", len(v), shortSecret)
		}
	}
	if c.SecurityService.ClientSecret.Set() {
		secret("security_service.client_secret", c.SecurityService.ClientSecret)
	}
	if c.UpstreamSecret.Set() {
		secret("upstream_secret", c.UpstreamSecret)
	}
	for key, file := range map[string]string{
		"keys.file":                      c.Keys.File,
		"tls.cert_file":                  c.TLS.CertFile,
		"tls.client_ca_file":             c.TLS.ClientCAFile,
		"security_service.tls.ca_file":   c.SecurityService.TLS.CAFile,
		"security_service.tls.cert_file": c.SecurityService.TLS.CertFile,
	} {
		warnOfFile(warn, key, file, false)
	}
	warnOfFile(warn, "tls.key_file", c.TLS.KeyFile, true)
	warnOfFile(warn, "security_service.tls.key_file", c.SecurityService.TLS.KeyFile, true)
	for name, u := range c.Upstreams {
		warnOfFile(warn, "upstreams."+name+".tls.ca_file", u.TLS.CAFile, false)
		warnOfFile(warn, "upstreams."+name+".tls.cert_file", u.TLS.CertFile, false)
		warnOfFile(warn, "upstreams."+name+".tls.key_file", u.TLS.KeyFile, true)
	}
}

// warnOfFile is about one file: whether it can be read, and where it is secret,
// by whom.
func warnOfFile(warn warning, key, file string, secret bool) {
	if file == "" {
		return
	}
	f, err := os.Open(file)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		warn(key, "%s cannot be read here: %v", file, err)
		return
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && secret && info.Mode().Perm()&0o004 != 0 {
		warn(key, "every user of this machine can read %s; chmod o-r it", file)
	}
}

// port reports whether an address of a listener has a port that can be.
func port(address string) error {
	_, p, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("want HOST:PORT, not %q", address)
	}
	if _, err := net.LookupPort("tcp", p); err != nil {
		return fmt.Errorf("want a port up to 65535, not %q", p)
	}
	return nil
}
