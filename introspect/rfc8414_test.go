package introspect

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/engine/keyset"
)

func TestRFC8414_2_MetadataIsTrue(t *testing.T) {
	f := start(t, quick(t))
	r := f.send("GET", "/.well-known/oauth-authorization-server", "", "")
	f.want(r, 200, "")
	var m struct {
		Issuer        string   `json:"issuer"`
		Token         string   `json:"token_endpoint"`
		Introspection string   `json:"introspection_endpoint"`
		Revocation    string   `json:"revocation_endpoint"`
		Keys          string   `json:"jwks_uri"`
		Responses     []string `json:"response_types_supported"`
		Grants        []string `json:"grant_types_supported"`
		Methods       []string `json:"token_endpoint_auth_methods_supported"`
		Algorithms    []string `json:"introspection_signing_alg_values_supported"`
	}
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		t.Fatal(err)
	}
	if m.Issuer != f.cfg.Issuer || m.Responses == nil || len(m.Responses) != 0 || len(m.Algorithms) != 1 {
		t.Errorf("metadata is %s", r.body)
	}
	for _, url := range []string{m.Token, m.Introspection, m.Revocation, m.Keys} {
		path, ok := strings.CutPrefix(url, f.cfg.Issuer)
		if !ok {
			t.Errorf("%s is not under the issuer", url)
		}
		if got := f.send("GET", path, "", ""); got.status == 404 {
			t.Errorf("%s is not there", path)
		}
	}
	for _, grant := range m.Grants {
		r := f.post("/oauth2/token", []string{"grant_type", grant}, f.asReporting())
		if r.text(t, "error") == "unsupported_grant_type" {
			t.Errorf("grant %s is not there", grant)
		}
	}
	if strings.Join(m.Methods, " ") != "client_secret_basic client_secret_post none" {
		t.Errorf("methods are %v", m.Methods)
	}
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
