package introspect

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/engine/keyset"
)

// metadata is what the service says of itself.
func (f *fixture) metadata() map[string]any {
	f.t.Helper()
	r := f.send("GET", metadataPath, "", "")
	f.want(r, 200, "")
	return r.fields(f.t)
}

// list is a member that is an array of strings.
func list(t testing.TB, m map[string]any, name string) []string {
	t.Helper()
	values, ok := m[name].([]any)
	if !ok {
		t.Fatalf("%s is %v, not an array", name, m[name])
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = v.(string)
	}
	return texts
}

// metadataURLs are the members that say where something is, and how it is
// asked.
var metadataURLs = map[string]string{
	"token_endpoint": "POST", "introspection_endpoint": "POST", "revocation_endpoint": "POST", "jwks_uri": "GET",
}

func TestRFC8414_2_MetadataIsTrue(t *testing.T) {
	f := start(t, quick(t))
	m := f.metadata()
	if m["issuer"] != f.cfg.Issuer {
		t.Errorf("issuer is %v", m["issuer"])
	}
	for name, method := range metadataURLs {
		path, ok := strings.CutPrefix(m[name].(string), f.cfg.Issuer)
		if !ok {
			t.Errorf("%s is not under the issuer", m[name])
		}
		if r := f.send(method, path, "", ""); r.status == 404 || r.status == 405 {
			t.Errorf("%s %s is answered with %d", method, path, r.status)
		}
	}
}

// Where the issuer is a gateway that passes introspection on to nobody, the
// metadata names the place where it is.
func TestRFC8414_2_IntrospectionMayBeElsewhere(t *testing.T) {
	cfg := quick(t)
	cfg.IntrospectionEndpoint = "https://security.internal:8090/oauth2/introspect"
	f := start(t, cfg)
	m := f.metadata()
	if m["introspection_endpoint"] != cfg.IntrospectionEndpoint {
		t.Errorf("introspection_endpoint is %v", m["introspection_endpoint"])
	}
	if m["token_endpoint"] != cfg.Issuer+"/oauth2/token" || m["issuer"] != cfg.Issuer {
		t.Errorf("metadata is %v", m)
	}
}

func TestRFC8414_2_IssuerWithoutQueryAndFragment(t *testing.T) {
	for issuer, good := range map[string]bool{
		"https://as.example": true, "https://as.example/": true, "https://as.example:8443/tenant": true,
		"https://as.example?a=b": false, "https://as.example/?": false, "https://as.example/#x": false, "https://as.example#": false,
	} {
		cfg := quick(t)
		cfg.Issuer = issuer
		if err := cfg.Check(); (err == nil) != good {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}

// Without TLS the service runs, for the developer's machine. On any other the
// log says what is wrong.
func TestRFC8414_2_IssuerIsHTTPSOrWarnedOf(t *testing.T) {
	for issuer, warned := range map[string]bool{
		"https://as.example": false, "http://localhost:8090": false, "http://127.0.0.1:8090": false, "http://[::1]:8090": false,
		"http://as.example": true, "http://10.0.0.1": true,
	} {
		cfg := quick(t)
		cfg.Issuer = issuer
		f := run(t, cfg)
		if got := strings.Contains(f.log.String(), "issuer is not https"); got != warned {
			t.Errorf("%s: warned %v", issuer, got)
		}
		f.stop()
	}
}

func TestRFC8414_2_ResponseTypesAreTrue(t *testing.T) {
	f := start(t, quick(t))
	m := f.metadata()
	if got := list(t, m, "response_types_supported"); !slices.Equal(got, []string{"code"}) {
		t.Errorf("response types are %v, want code alone", got)
	}
	if got := list(t, m, "code_challenge_methods_supported"); !slices.Equal(got, []string{"S256"}) {
		t.Errorf("challenge methods are %v, want S256 alone (RFC 9700, section 2.1.1)", got)
	}
	if m["registration_endpoint"] != nil {
		t.Errorf("registration_endpoint is %v, and there is none", m["registration_endpoint"])
	}
	for _, path := range []string{"/authorize", "/register"} {
		f.want(f.send("GET", path, "", ""), 404, "not_found")
	}
}

func TestRFC8414_2_GrantTypesAreTrue(t *testing.T) {
	f := start(t, quick(t))
	grants := list(t, f.metadata(), "grant_types_supported")
	for _, grant := range []string{
		grantClient, grantRefresh, grantExchange, "authorization_code", "implicit", "password",
		"urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:device_code",
	} {
		r := f.post("/oauth2/token", []string{"grant_type", grant}, f.asGateway())
		if known := r.status == 200 || r.text(t, "error") != "unsupported_grant_type"; known != slices.Contains(grants, grant) {
			t.Errorf("%s: answered with %d %s, listed among %v", grant, r.status, r.body, grants)
		}
	}
}

// Each way to authenticate that is listed for an endpoint works there, and no
// other does.
func TestRFC8414_2_AuthMethodsAreTrue(t *testing.T) {
	f := start(t, quick(t))
	m := f.metadata()
	ways := map[string][]string{
		"client_secret_basic": nil,
		"client_secret_post":  {"client_id", "gateway", "client_secret", f.gateway},
		"none":                {"client_id", "first-party"},
		"private_key_jwt":     {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", "a.b.c"},
	}
	for endpoint, path := range map[string]string{"token": "/oauth2/token", "introspection": "/oauth2/introspect", "revocation": "/oauth2/revoke"} {
		listed := list(t, m, endpoint+"_endpoint_auth_methods_supported")
		for name, way := range ways {
			access, refresh := f.mustLogin()
			form := []string{"token", access}
			if endpoint == "token" {
				form = []string{"grant_type", grantRefresh, "refresh_token", refresh}
			}
			var options []option
			if name == "client_secret_basic" {
				options = append(options, f.asGateway())
			}
			r := f.post(path, append(form, way...), options...)
			alive := f.active(access)
			worked := r.status == 200 && (endpoint != "revocation" || !alive)
			if worked != slices.Contains(listed, name) {
				t.Errorf("%s at %s: %d %s, listed are %v", name, path, r.status, r.body, listed)
			}
		}
	}
}

func TestRFC8414_2_KeysAreThoseThatSign(t *testing.T) {
	f := start(t, quick(t))
	path := strings.TrimPrefix(f.metadata()["jwks_uri"].(string), f.cfg.Issuer)
	keys := keyset.New(keyset.HTTP(f.url+path, nil), keyset.Options{})
	if err := keys.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.verifier("", "orders").Verify([]byte(f.clientToken())); err != nil {
		t.Error(err)
	}
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	if err := json.Unmarshal([]byte(f.send("GET", path, "", "").body), &set); err != nil || len(set.Keys) == 0 {
		t.Fatalf("key set: %v, %d keys", err, len(set.Keys))
	}
	for _, k := range set.Keys {
		if k["use"] != "sig" || k["kid"] == "" || k["alg"] != "EdDSA" {
			t.Errorf("key is %v", k)
		}
	}
}

func TestRFC8414_3_1_AskedWithGET(t *testing.T) {
	f := start(t, quick(t))
	f.want(f.send("GET", metadataPath, "", ""), 200, "")
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		r := f.send(method, metadataPath, "", "")
		f.want(r, 405, "invalid_request")
		if r.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("Allow is %q", r.header.Get("Allow"))
		}
	}
	f.want(f.send("GET", metadataPath+"/tenant", "", ""), 404, "not_found")
}

// An issuer's path goes after the well-known name, a slash at its end aside,
// and everything that the metadata names is there.
func TestRFC8414_3_1_IssuerWithAPath(t *testing.T) {
	for _, issuer := range []string{"https://as.example/tenants/one", "https://as.example/tenants/one/"} {
		cfg := quick(t)
		cfg.Issuer = issuer
		f := start(t, cfg)
		r := f.send("GET", metadataPath+"/tenants/one", "", "")
		f.want(r, 200, "")
		m := r.fields(t)
		if m["issuer"] != issuer {
			t.Errorf("issuer is %v, not %s", m["issuer"], issuer)
		}
		for name, method := range metadataURLs {
			path, ok := strings.CutPrefix(m[name].(string), "https://as.example")
			if !ok || !strings.HasPrefix(path, "/tenants/one/") || strings.Contains(path, "//") {
				t.Errorf("%s is %s", name, m[name])
			}
			if r := f.send(method, path, "", ""); r.status == 404 || r.status == 405 {
				t.Errorf("%s %s is answered with %d", method, path, r.status)
			}
		}
		token := f.post("/tenants/one/oauth2/token", clientGrant, f.asReporting())
		f.want(token, 200, "")
		if got := f.introspect(token.text(t, "access_token")).text(t, "iss"); got != issuer {
			t.Errorf("iss is %s", got)
		}
		wrong := f.send("POST", "/tenants/one/.well-known/jwks.json", "", "")
		f.want(wrong, 405, "invalid_request")
		if wrong.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("Allow is %q", wrong.header.Get("Allow"))
		}
		for _, path := range []string{metadataPath + "/tenants/two", metadataPath + "/tenants/one/x", "/tenants/two/oauth2/token", "/tenants/oneoauth2/token", "/tenants/one"} {
			f.want(f.send("GET", path, "", ""), 404, "not_found")
		}
	}
}

func TestRFC8414_3_2_AnswerIsAJSONObject(t *testing.T) {
	f := start(t, quick(t))
	r := f.send("GET", metadataPath, "", "", header("Accept", "text/html"))
	f.want(r, 200, "")
	if kind := r.header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type is %q", kind)
	}
	for name, value := range r.fields(t) {
		if _, yes := value.(bool); yes {
			continue
		}
		if _, several := value.([]any); several != strings.HasSuffix(name, "_supported") {
			t.Errorf("%s is %v", name, value)
		}
	}
}

func TestRFC8414_3_2_NothingIsEmpty(t *testing.T) {
	f := start(t, quick(t))
	for name, value := range f.metadata() {
		if s, ok := value.([]any); ok && len(s) == 0 || value == nil || value == "" {
			t.Errorf("%s is empty", name)
		}
	}
}

// The issuer is the same text in the metadata, in tokens and in what is said
// of them, down to the slash at its end.
func TestRFC8414_3_3_IssuerIsTheSameEverywhere(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		for _, issuer := range []string{"https://as.example", "https://as.example/"} {
			cfg.Issuer, cfg.Data = issuer, t.TempDir()
			f := start(t, cfg)
			if got := f.metadata()["issuer"]; got != issuer {
				t.Errorf("metadata says %v, not %s", got, issuer)
			}
			access, _ := f.mustLogin()
			if got := f.introspect(access).text(t, "iss"); got != issuer {
				t.Errorf("introspection says %s, not %s", got, issuer)
			}
			if _, claims := f.signed(access); claims["iss"] != issuer {
				t.Errorf("the signed answer says %v, not %s", claims["iss"], issuer)
			}
			f.stop()
		}
	})
}

func TestRFC7517_5_KeySet(t *testing.T) {
	f := start(t, quick(t))
	r := f.send("GET", "/.well-known/jwks.json", "", "")
	f.want(r, 200, "")
	keys, refused, err := keyset.Parse([]byte(r.body))
	if err != nil || len(refused) != 0 || keys == nil {
		t.Fatalf("key set: %v, refused %v", err, refused)
	}
	if strings.Contains(r.body, `"d"`) {
		t.Fatal("a private key is published")
	}
	if !strings.HasPrefix(r.header.Get("Cache-Control"), "public, max-age=") {
		t.Errorf("Cache-Control is %q", r.header.Get("Cache-Control"))
	}
	again := f.send("GET", "/.well-known/jwks.json", "", "", header("If-None-Match", r.header.Get("ETag")))
	if again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("a second time: %d %s", again.status, again.body)
	}
	f.want(f.send("HEAD", "/.well-known/jwks.json", "", ""), 200, "")
	f.want(f.send("POST", "/.well-known/jwks.json", "", ""), 405, "invalid_request")
}
