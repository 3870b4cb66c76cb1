package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/gateway/identity"
	"github.com/tollgate/tollgate/introspect/client"
)

func goodConfig() Config {
	return Config{
		Issuer:          testIssuer,
		SecurityService: client.Config{URL: "http://a:1", ClientID: "g", ClientSecret: client.Secret{Env: "X"}},
		Upstreams:       map[string]Upstream{"up": {URLs: []string{"http://b:1", "https://c"}}},
		Routes: []Route{
			{Prefix: "/orders", Upstream: "up", Methods: []string{"GET"}, Roles: []string{"customer"}},
			{Prefix: "/orders", Upstream: "up", Methods: []string{"DELETE"}, Roles: []string{"admin"}, Scopes: []string{"orders.burn"}},
			{Prefix: "/", Upstream: "http://b:1", Public: true},
			{Prefix: "/orders/all", Upstream: "up"},
		},
	}
}

// Errors name the YAML path of the key.
func TestCheck(t *testing.T) {
	if err := goodConfig().Check(); err != nil {
		t.Fatal(err)
	}
	bounded := goodConfig()
	bounded.Keys.MaxAge = time.Minute + 1
	if err := bounded.Check(); err != nil {
		t.Error(err)
	}
	bounded.Keys = Keys{File: "a", MaxAge: time.Second} // which is read every second
	if err := bounded.Check(); err != nil {
		t.Error(err)
	}
	f := func(want string, change func(*Config)) {
		t.Helper()
		c := goodConfig()
		change(&c)
		err := c.Check()
		if !errors.Is(err, ErrConfig) || !strings.HasPrefix(err.Error(), "configuration: "+want) {
			t.Errorf("err = %v, want %s…", err, want)
		}
	}
	f("mode: ", func(c *Config) { c.Mode = "psychic" })
	f("issuer: ", func(c *Config) { c.Issuer = "" })
	f("skew: ", func(c *Config) { c.Skew = 2 * time.Minute })
	f("keys: ", func(c *Config) { c.Keys = Keys{URL: "http://a", File: "b"} })
	f("keys.max_age: ", func(c *Config) { c.Keys.MaxAge = -1 })
	f("keys.max_age: ", func(c *Config) { c.Keys.MaxAge = time.Minute })
	f("keys.url: ", func(c *Config) { c.Keys.URL = "a" })
	f("revocations.when_stale: ", func(c *Config) { c.Revocations.WhenStale = "hope" })
	f("security_service.url: ", func(c *Config) { c.SecurityService.URL = "" })
	f("security_service.client_secret: ", func(c *Config) { c.SecurityService.ClientSecret = client.Secret{} })
	f("upstream_secret: ", func(c *Config) { c.UpstreamSecret = client.Secret{File: "a", Env: "b"} })
	f("upstreams.up.urls: ", func(c *Config) { c.Upstreams["up"] = Upstream{} })
	f("upstreams.up.urls[0]: ", func(c *Config) { c.Upstreams["up"] = Upstream{URLs: []string{"http://a/path?x"}} })
	f("upstreams.up.urls[0]: ", func(c *Config) { c.Upstreams["up"] = Upstream{URLs: []string{"http://a/../b"}} })
	f("upstreams.up.urls[1]: ", func(c *Config) { c.Upstreams["up"] = Upstream{URLs: []string{"http://a/v1/", "http://b/v2"}} })
	f("upstreams.up.health: ", func(c *Config) { c.Upstreams["up"] = Upstream{URLs: []string{"http://a"}, Health: "x"} })
	f("routes[0].prefix: ", func(c *Config) { c.Routes[0].Prefix = "orders" })
	f("routes[0].prefix: ", func(c *Config) { c.Routes[0].Prefix = "/a/../b" })
	f("routes[0].methods[0]: ", func(c *Config) { c.Routes[0].Methods = []string{"get"} })
	f("routes[0].upstream: ", func(c *Config) { c.Routes[0].Upstream = "" })
	f("routes[0].upstream: ", func(c *Config) { c.Routes[0].Upstream = "down" })
	f("routes[2].public: ", func(c *Config) { c.Routes[2].Roles = []string{"a"} })
	f("routes[0].max_body: ", func(c *Config) { c.Routes[0].MaxBody = -1 })
	f("routes[3]: ", func(c *Config) { c.Routes[3].Prefix, c.Routes[3].Methods = "/orders/", []string{"GET"} })
	f("limits.head: ", func(c *Config) { c.Limits.Head = 100 })
	f("limits.fields: ", func(c *Config) { c.Limits.Fields = 300 })
	f("timeouts.idle: ", func(c *Config) { c.Timeouts.Idle = -1 })
	f("trusted_proxies[1]: ", func(c *Config) { c.TrustedProxies = []string{"10.0.0.0/8", "10"} })
	f("trusted_proxies[0]: ", func(c *Config) { c.TrustedProxies = []string{"::/0"} })
	f("listen: ", func(c *Config) { c.Listen = "127.0.0.1:66000" })
	f("admin: ", func(c *Config) { c.Admin = "127.0.0.1" })
	f("routes: ", func(c *Config) { c.Routes = nil })
	f("routes[2].upstream: ", func(c *Config) { c.Routes[2].Upstream = "http://b:70000" })
	f("upstreams.up.urls[0]: ", func(c *Config) { c.Upstreams["up"] = Upstream{URLs: []string{"http://a:0"}} })
	f("tls: ", func(c *Config) { c.TLS.CertFile = "a" })
	f("tls.client_ca_file: ", func(c *Config) { c.TLS.ClientCAFile = "a" })
}

func TestExplain(t *testing.T) {
	f := func(method, target, want string) {
		t.Helper()
		got, err := goodConfig().Explain(method, target)
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("%s %s: %q, %v; want %q", method, target, got, err, want)
		}
	}
	f("GET", "/orders/1", "routes[0] (prefix /orders, the longest that matches) to up; for callers with one of the roles customer")
	f("HEAD", "/orders", "routes[0]")
	f("DELETE", "/orders/1?x=y", "routes[1] (prefix /orders, the longest that matches) to up; for callers with one of the roles admin; for tokens with all of the scopes orders.burn")
	f("GET", "/orders/all/x", "routes[3] (prefix /orders/all, the longest that matches) to up; for every authenticated caller")
	f("GET", "/%6frders/1", "routes[0]")
	f("GET", "/ordersx", "routes[2] (prefix /, the longest that matches) to http://b:1; public")
	f("PATCH", "/orders/1", `refused: /orders decides, and no route for it allows PATCH; 401 without valid credentials, 405 with`)
	f("POST", "/login", "answered by the gateway itself")
	hosts := goodConfig()
	hosts.Routes = append(hosts.Routes, Route{Host: "shop.example", Prefix: "/orders", Upstream: "up", When: "claims.sub != ''", StripPrefix: true, Optional: true})
	if got, err := hosts.Explain("GET", "https://shop.example/orders/1"); err != nil || !strings.Contains(got,
		"routes[4] (host shop.example, prefix /orders, the longest that matches) to up; for everybody, with an identity where a valid token is there; when claims.sub != ''; forwarded as /1") {
		t.Errorf("%q, %v", got, err)
	}
	c := goodConfig()
	c.Routes = c.Routes[:1]
	if got, err := c.Explain("GET", "/x"); err != nil || !strings.Contains(got, "refused: no route takes the path") {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := c.Explain("GET", "/orders%2fadmin"); err != nil || !strings.Contains(got, "refused with 400: the path has more than one reading") {
		t.Errorf("%q, %v", got, err)
	}
	for _, target := range []string{"/orders/../admin", "/orders%252fadmin", "orders"} {
		if _, err := c.Explain("GET", target); err == nil || !strings.Contains(err.Error(), "is refused with 400") {
			t.Errorf("%s: %v", target, err)
		}
	}
}

// keys are the YAML paths of a configuration, with the kind and default of each.
func keys(prefix string, v reflect.Value, found map[string]string) {
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("yaml")
		if name == "-" || !v.Type().Field(i).IsExported() {
			continue
		}
		f, path := v.Field(i), prefix+name
		switch {
		case f.Kind() == reflect.Struct:
			keys(path+".", f, found)
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
			keys(path+"[].", f.Index(0), found)
		case f.Kind() == reflect.Map && f.Type().Elem().Kind() != reflect.Struct:
			found[path+".NAME"] = ""
		case f.Kind() == reflect.Map:
			keys(path+".NAME.", f.MapIndex(f.MapKeys()[0]), found)
		case f.Type() == reflect.TypeFor[time.Duration]():
			found[path] = strings.Replace(f.Interface().(time.Duration).String(), "m0s", "m", 1)
		default:
			found[path] = fmt.Sprint(f.Interface())
		}
	}
}

// docs/gateway.md, with docs/issuers.md for issuers, lists every key, with the default that the code has, and no other.
func TestDocumentation(t *testing.T) {
	b, err := os.ReadFile("../docs/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	issuers, err := os.ReadFile("../docs/issuers.md")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, issuers[bytes.Index(issuers, []byte("## Every key")):]...)
	documented := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]*) \\|").FindAllStringSubmatch(string(b), -1) {
		if _, twice := documented[m[1]]; twice {
			t.Errorf("%s is documented twice", m[1])
		}
		documented[m[1]] = strings.Trim(m[2], "` ")
	}
	c := Config{Upstreams: map[string]Upstream{"x": {}}, Routes: []Route{{}}}.WithDefaults()
	c.Issuers = []identity.Issuer{identity.Issuer{}.WithDefaults()}
	c.SecurityService = c.SecurityService.WithDefaults()
	found := map[string]string{}
	keys("", reflect.ValueOf(c), found)
	for path, value := range found {
		doc, ok := documented[path]
		switch {
		case !ok:
			t.Errorf("%s is not documented", path)
		case doc == "required":
			if value != "" && value != "[]" {
				t.Errorf("%s is documented as required, and has the default %s", path, value)
			}
		case doc == "none":
			if value != "" && value != "[]" {
				t.Errorf("%s is documented to have no default, and has %s", path, value)
			}
		case doc != value:
			t.Errorf("%s is documented to default to %q, and defaults to %q", path, doc, value)
		}
	}
	for path := range documented {
		if _, ok := found[path]; !ok {
			t.Errorf("%s is documented and does not exist", path)
		}
	}
}
