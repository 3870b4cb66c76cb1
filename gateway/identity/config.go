package identity

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/introspect/client"
)

// An Issuer is who may issue tokens, and on what terms. A key that is given
// replaces the one of the profile.
type Issuer struct {
	// Name is the exact iss of the tokens. A part in braces, {x}, stands for a value that the rule x of require has to bound. Required.
	Name string `yaml:"name"`
	// Profile says what kind of issuer it is; docs/issuers.md lists them. Default rfc9068.
	Profile string `yaml:"profile"`
	// Audiences of which aud has to hold one. Empty takes any.
	Audiences []string `yaml:"audiences"`
	// Keys says where the public keys are. Default: by discovery from name.
	Keys Keys `yaml:"keys"`
	// Introspection says where opaque tokens of the issuer are validated. Default nowhere.
	Introspection Introspection `yaml:"introspection"`
	// Types are the typ of access tokens; none stands for tokens without one.
	Types []string `yaml:"types"`
	// Algorithms are those the issuer may sign by. Empty takes every public-key algorithm.
	Algorithms []string `yaml:"algorithms"`
	// Claims says where in a token things are.
	Claims Claims `yaml:"claims"`
	// Optional are the claims of sub, aud, client_id, jti and iat that may be absent.
	Optional []string `yaml:"optional"`
	// Require are texts that claims have to say, by claim: one, or a list of which one; with * at the end for all that begin so, and "" for a claim that is absent.
	Require map[string]Values `yaml:"require"`
	// Skew is granted to clocks that differ, at most 60s. Default 30s.
	Skew time.Duration `yaml:"skew"`
	// MaxLifetime is the longest time from iat to exp; 0s for no bound. Default 0s.
	MaxLifetime time.Duration `yaml:"max_lifetime"`

	// of the profile alone
	aliases   []string // other iss
	uses      []string // other values of use for signature keys
	demands   []string // claims of which one needs a rule of require
	svid      bool     // sub names a SPIFFE trust domain, and iss may be absent
	discovery bool     // has a document for discovery
	keysPath  string   // where the keys are below name, instead of discovery
}

// Claims are paths of claims: a name, or names with dots between that lead into
// nested objects. Of several for roles or scopes all are read, else the first there.
type Claims struct {
	// Subject is where the subject is. Default sub.
	Subject []string `yaml:"subject"`
	// Client is where the client is. Default client_id.
	Client []string `yaml:"client"`
	// ID is where the token's own id is. Default jti.
	ID []string `yaml:"id"`
	// Roles are where roles are. Default roles.
	Roles []string `yaml:"roles"`
	// Scopes are where scopes are. Default scope and scp.
	Scopes []string `yaml:"scopes"`
}

// Keys says where an issuer's public keys are.
type Keys struct {
	// URL of the JWK set, instead of discovery.
	URL string `yaml:"url"`
	// File holds the JWK set, instead of a URL.
	File string `yaml:"file"`
	// CAFile holds the PEM certificates of the authorities to trust instead of the system's.
	CAFile string `yaml:"ca_file"`
	// CertFile is the PEM certificate to show the server, for mutual TLS.
	CertFile string `yaml:"cert_file"`
	// KeyFile is its private key.
	KeyFile string `yaml:"key_file"`
	// Bearer is a token that the server asks for; it is read again for every request.
	Bearer client.Secret `yaml:"bearer"`
	// Refresh is how often the keys are read again. Default 5m.
	Refresh time.Duration `yaml:"refresh"`
	// MaxAge is how long ago the keys may have been read before /readyz answers 503; 0s for no bound. Default 0s.
	MaxAge time.Duration `yaml:"max_age"`
	// MaxStale is how long keys are used while they cannot be read, or the set is empty. Default 24h.
	MaxStale time.Duration `yaml:"max_stale"`
}

// Introspection says where an issuer's opaque tokens are validated (RFC 7662).
type Introspection struct {
	// URL of the introspection endpoint, path included.
	URL string `yaml:"url"`
	// ClientID is the client in whose name tokens are introspected.
	ClientID string `yaml:"client_id"`
	// ClientSecret is where that client's secret is kept.
	ClientSecret client.Secret `yaml:"client_secret"`
	// Auth is basic, body (client_id and client_secret in the form) or bearer (client_secret is a token). Default basic.
	Auth string `yaml:"auth"`
	// Prefix is what the issuer's opaque tokens begin with; a token that begins with no issuer's goes to the one without.
	Prefix string `yaml:"prefix"`
	// Timeout bounds a call. Default 2s.
	Timeout time.Duration `yaml:"timeout"`
	// TLS is used where URL is https.
	TLS client.TLS `yaml:"tls"`
}

// Values are the texts that a rule allows.
type Values []Value

// A Value is a text; numbers and truth values are the text they are written as.
type Value string

// UnmarshalText reads the only value of a rule.
func (v *Values) UnmarshalText(b []byte) error { *v = Values{Value(b)}; return nil }

// UnmarshalText reads a value of any kind.
func (v *Value) UnmarshalText(b []byte) error { *v = Value(b); return nil }

func (v Values) texts() []string {
	list := make([]string, len(v))
	for i, text := range v {
		list[i] = string(text)
	}
	return list
}

// Resolve is c with what its profile says where c says nothing, checked. An error
// names the key.
func Resolve(c Issuer) (Issuer, error) {
	c.Profile = cmp.Or(c.Profile, defaultProfile)
	p, ok := profile(c.Profile)
	if !ok {
		return c, fmt.Errorf("profile: %q is none; want one of %s", c.Profile, strings.Join(Profiles(), ", "))
	}
	for _, to := range []struct{ said, usual *[]string }{
		{&c.Types, &p.Types}, {&c.Algorithms, &p.Algorithms}, {&c.Optional, &p.Optional}, {&c.Claims.Subject, &p.Claims.Subject},
		{&c.Claims.Client, &p.Claims.Client}, {&c.Claims.ID, &p.Claims.ID}, {&c.Claims.Roles, &p.Claims.Roles}, {&c.Claims.Scopes, &p.Claims.Scopes},
	} {
		if *to.said == nil {
			*to.said = *to.usual
		}
	}
	require := maps.Clone(p.Require)
	if require == nil {
		require = map[string]Values{}
	}
	maps.Copy(require, c.Require)
	c.Require = require
	c = c.WithDefaults()
	if p.keysPath != "" && c.Keys.URL == "" && c.Keys.File == "" {
		c.Keys.URL = strings.TrimSuffix(c.Name, "/") + p.keysPath
	}
	c.uses, c.demands, c.svid, c.discovery = p.uses, p.demands, p.svid, p.discovery
	if c.Profile == "google" && c.Name == "https://accounts.google.com" {
		c.aliases = []string{"accounts.google.com"}
	}
	return c, c.check()
}

// Template is what a profile says of tokens of the issuer called name, for who
// verifies them by keys at hand. With no name any iss is taken; what a
// configuration has to add in its require is then left out.
func Template(profileName, name string) (Issuer, error) {
	c := Issuer{Name: name, Profile: profileName, Keys: Keys{File: "at hand"}}
	if p, ok := profile(profileName); ok {
		if name == "" || strings.Contains(name, "{") {
			c.Name = "https://any.example"
		}
		for _, claim := range p.demands {
			c.Require = map[string]Values{claim: {"x"}} // only so that it resolves
			break
		}
		if p.svid && !strings.HasPrefix(c.Name, "spiffe://") {
			c.Name = "spiffe://any.example"
		}
	}
	r, err := Resolve(c)
	if err != nil {
		return r, err
	}
	for claim := range c.Require {
		delete(r.Require, claim)
	}
	if r.Name = name; name == "" {
		r.aliases = nil
	}
	return r, nil
}

const (
	defaultProfile = "rfc9068"
	defaultSkew    = 30 * time.Second
)

// WithDefaults is c with every default that is none of its profile's.
func (c Issuer) WithDefaults() Issuer {
	c.Profile = cmp.Or(c.Profile, defaultProfile)
	c.Skew = cmp.Or(c.Skew, defaultSkew)
	c.Keys.Refresh = cmp.Or(c.Keys.Refresh, 5*time.Minute)
	c.Keys.MaxStale = cmp.Or(c.Keys.MaxStale, 24*time.Hour)
	c.Introspection.Auth = cmp.Or(c.Introspection.Auth, client.AuthBasic)
	c.Introspection.Timeout = cmp.Or(c.Introspection.Timeout, 2*time.Second)
	return c
}

func (c *Issuer) check() error {
	if c.Name == "" {
		return errors.New("name: required")
	}
	if c.Skew < 0 || c.Skew > claims.MaxSkew {
		return errors.New("skew: want 0s to 60s")
	}
	k := &c.Keys
	switch {
	case k.URL != "" && k.File != "":
		return errors.New("keys: give url or file, not both")
	case k.URL != "" && !isURL(k.URL):
		return errors.New("keys.url: want http:// or https:// and a host")
	case (k.CertFile == "") != (k.KeyFile == ""):
		return errors.New("keys: cert_file and key_file belong together")
	case k.Refresh < 0 || k.MaxAge < 0 || k.MaxStale < 0:
		return errors.New("keys: times must not be negative")
	case k.URL == "" && k.File == "" && strings.Contains(c.Name, "{"):
		return errors.New("keys.url: a name with braces has no document for discovery; say where the keys are")
	case k.URL == "" && k.File == "" && !c.discovery:
		return fmt.Errorf("keys: profile %s has no document for discovery; give url or file", c.Profile)
	case k.URL == "" && k.File == "" && !isURL(c.Name) && c.Introspection.URL == "":
		return errors.New("keys: name is no URL to discover the keys from; give url or file")
	}
	if err := k.Bearer.Check(); err != nil {
		return fmt.Errorf("keys.bearer: %w", err)
	}
	if err := c.Introspection.check(); err != nil {
		return fmt.Errorf("introspection.%w", err)
	}
	if len(c.demands) > 0 && !slices.ContainsFunc(c.demands, func(claim string) bool { return c.bounds(claim) }) {
		return fmt.Errorf("require: profile %s needs a rule for %s: everybody can have tokens of this issuer made", c.Profile, strings.Join(c.demands, " or "))
	}
	if _, err := c.trustDomain(); err != nil {
		return err
	}
	// The engine has its own rules on what can be verified by.
	empty, _, err := keyset.Parse([]byte(`{"keys":[]}`))
	if err != nil {
		panic("BUG: an empty key set cannot be read")
	}
	e, err := engine.New(engine.Config{Issuers: []engine.Issuer{c.Rules(keyset.Fixed(empty))}, CacheBytes: -1})
	if err != nil {
		return err
	}
	e.Close()
	return nil
}

// bounds reports whether there is a rule for claim that not everything passes. A
// prefix that every sub, path or URL of such an issuer has bounds nothing.
func (c *Issuer) bounds(claim string) bool {
	values := c.Require[claim]
	return len(values) > 0 && !slices.ContainsFunc(values, func(v Value) bool {
		prefix, wild := strings.CutSuffix(string(v), "*")
		return v == "" || wild && slices.ContainsFunc([]string{"repo:", "project_path:"}, func(usual string) bool {
			return strings.HasPrefix(usual, prefix)
		})
	})
}

func (i *Introspection) check() error {
	switch {
	case i.URL == "":
		if i.ClientID != "" || i.ClientSecret.Set() || i.Prefix != "" {
			return errors.New("url: required")
		}
		return nil
	case !isURL(i.URL):
		return errors.New("url: want http:// or https:// and a host")
	case !slices.Contains([]string{client.AuthBasic, client.AuthBody, client.AuthBearer}, i.Auth):
		return fmt.Errorf("auth: want basic, body or bearer, not %q", i.Auth)
	case i.Auth != client.AuthBearer && i.ClientID == "":
		return errors.New("client_id: required")
	case !i.ClientSecret.Set():
		return errors.New("client_secret: required")
	case i.Timeout < 0:
		return errors.New("timeout: must not be negative")
	}
	if err := i.ClientSecret.Check(); err != nil {
		return fmt.Errorf("client_secret: %w", err)
	}
	return nil
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// trustDomain is the SPIFFE trust domain: that of the name, or else the one that
// the rule for sub bounds.
func (c *Issuer) trustDomain() (string, error) {
	if !c.svid {
		return "", nil
	}
	if domain, ok := strings.CutPrefix(c.Name, "spiffe://"); ok {
		return domain, nil
	}
	if c.Name == "" {
		return "*", nil // of Template
	}
	if subs := c.Require["sub"]; len(subs) == 1 {
		if rest, ok := strings.CutPrefix(string(subs[0]), "spiffe://"); ok {
			if domain, _, ok := strings.Cut(rest, "/"); ok && domain != "" {
				return domain, nil
			}
		}
	}
	return "", errors.New("name: profile spiffe wants spiffe://TRUST-DOMAIN, or a rule of require for sub: spiffe://TRUST-DOMAIN/*")
}

// Rules are c, which was resolved, as package engine verifies by, with keys.
func (c *Issuer) Rules(keys *keyset.KeySet) engine.Issuer {
	domain, _ := c.trustDomain()
	require := make(map[string][]string, len(c.Require))
	for claim, values := range c.Require {
		require[claim] = values.texts()
	}
	return engine.Issuer{
		Name: c.Name, Aliases: c.aliases, TrustDomain: domain, Keys: keys,
		Audiences: c.Audiences, Algorithms: c.Algorithms, Types: c.Types,
		SubjectClaims: c.Claims.Subject, ClientClaims: c.Claims.Client, TokenIDClaims: c.Claims.ID,
		RoleClaims: c.Claims.Roles, ScopeClaims: c.Claims.Scopes,
		OptionalClaims: c.Optional, Require: require, Skew: c.Skew, MaxLifetime: c.MaxLifetime,
	}
}

// Uses are the values of use, beside sig, that mean a signature key.
func (c *Issuer) Uses() []string { return c.uses }
