package introspect

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// refusals are one request for each way to be refused by the token endpoint.
func (f *fixture) refusals() map[string]reply {
	f.t.Helper()
	access, refresh := f.mustLogin()
	ask := func(form []string, o option) reply {
		f.t.Helper()
		return f.post("/oauth2/token", form, o)
	}
	anonymous := func(*http.Request) {}
	return map[string]reply{
		"no grant_type":      ask([]string{"scope", "read"}, f.asReporting()),
		"no refresh_token":   ask([]string{"grant_type", grantRefresh}, anonymous),
		"repeated":           ask(append(clientGrant, clientGrant...), f.asReporting()),
		"two methods":        ask(append(clientGrant, "client_id", "reporting", "client_secret", f.reporting), f.asReporting()),
		"no form":            f.send("POST", "/oauth2/token", "application/json", "{}", f.asReporting()),
		"in the URI":         f.send("POST", "/oauth2/token?a=b", "application/x-www-form-urlencoded", "", f.asReporting()),
		"no client":          ask(clientGrant, anonymous),
		"wrong secret":       ask(clientGrant, basicAuth("reporting", "wrong")),
		"an assertion":       ask(append(clientGrant, "client_assertion", "a.b.c"), anonymous),
		"not permitted":      f.exchange(access, f.asReporting()),
		"unknown grant":      ask([]string{"grant_type", "password", "code", "x"}, f.asReporting()),
		"unknown refresh":    f.refresh("tgr_" + strings.Repeat("A", 43)),
		"malformed refresh":  f.refresh("\"\\\u00e9\n"),
		"another's refresh":  ask([]string{"grant_type", grantRefresh, "refresh_token", refresh}, f.asReporting()),
		"too much scope":     ask(append(clientGrant, "scope", "admin"), f.asReporting()),
		"scope of no syntax": ask(append(clientGrant, "scope", "\"\\\u00e9\n"), f.asReporting()),
		"too much audience":  ask(append(clientGrant, "audience", "payroll"), f.asReporting()),
		"no URI":             ask(append(clientGrant, "resource", "\"\\\u00e9\n"), f.asReporting()),
		"bad subject token":  f.exchange("\"\\\u00e9\n", f.asGateway()),
	}
}

var refusalCodes = map[string]string{
	"no grant_type": "invalid_request", "no refresh_token": "invalid_request", "repeated": "invalid_request", "two methods": "invalid_request",
	"no form": "invalid_request", "in the URI": "invalid_request", "no client": "invalid_client", "wrong secret": "invalid_client",
	"an assertion": "invalid_client", "not permitted": "unauthorized_client", "unknown grant": "unsupported_grant_type",
	"unknown refresh": "invalid_grant", "malformed refresh": "invalid_grant", "another's refresh": "invalid_grant",
	"too much scope": "invalid_scope", "scope of no syntax": "invalid_scope", "too much audience": "invalid_target", "no URI": "invalid_target",
	"bad subject token": "invalid_request",
}

func TestRFC6749_5_2_CodeAndStatusOfEachError(t *testing.T) {
	f := start(t, quick(t))
	for name, r := range f.refusals() {
		status := 400
		if refusalCodes[name] == "invalid_client" {
			status = 401
		}
		t.Run(name, func(t *testing.T) {
			f.want(r, status, refusalCodes[name])
			if challenge := r.header.Get("WWW-Authenticate"); (challenge != "") != (status == 401) {
				t.Errorf("WWW-Authenticate is %q", challenge)
			}
		})
	}
}

func TestRFC6749_5_2_ErrorIsJSON(t *testing.T) {
	f := start(t, quick(t))
	for name, r := range f.refusals() {
		if kind := r.header.Get("Content-Type"); kind != "application/json" {
			t.Errorf("%s: Content-Type is %q", name, kind)
		}
		if r.header.Get("Cache-Control") != "no-store" || r.header.Get("Pragma") != "no-cache" {
			t.Errorf("%s: Cache-Control %q, Pragma %q", name, r.header.Get("Cache-Control"), r.header.Get("Pragma"))
		}
	}
}

// What is sent never comes back: the text is ours, in ASCII without quotes and
// backslashes.
func TestRFC6749_5_2_ErrorText(t *testing.T) {
	f := start(t, quick(t))
	for name, r := range f.refusals() {
		got := r.fields(t)
		for member, value := range got {
			text, _ := value.(string)
			bad := func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' }
			if text == "" || strings.ContainsFunc(text, bad) || member != "error" && member != "error_description" {
				t.Errorf("%s: %s is %q", name, member, value)
			}
		}
		if len(got) != 2 {
			t.Errorf("%s: answer is %s", name, r.body)
		}
	}
}

func TestRFC6749_5_2_InvalidScope(t *testing.T) {
	f := start(t, quick(t))
	access, refresh := f.mustLogin()
	f.want(f.post("/oauth2/token", append(clientGrant, "scope", "read admin"), f.asReporting()), 400, "invalid_scope")
	f.want(f.post("/oauth2/token", []string{"grant_type", grantRefresh, "refresh_token", refresh, "scope", "export"}), 400, "invalid_scope")
	f.want(f.exchange(access, f.asGateway(), "scope", "export"), 400, "invalid_scope")
	f.want(f.refresh(refresh), 200, "")
}

func TestRFC6749_5_2_UnauthorizedClient(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	f.want(f.exchange(access, f.asReporting()), 400, "unauthorized_client")
	f.want(f.exchange("x", f.asReporting()), 400, "unauthorized_client") // before the token is looked at
}

func TestRFC6749_5_2_InvalidRequest(t *testing.T) {
	f := start(t, quick(t))
	r := f.post("/oauth2/token", []string{"scope", "read"}, f.asReporting())
	f.want(r, 400, "invalid_request")
	if r.text(t, "error_description") == "" {
		t.Error("no description")
	}
}

func TestRFC6749_5_2_InvalidClientIs401WithChallenge(t *testing.T) {
	f := start(t, quick(t))
	for name, o := range map[string]option{
		"wrong secret":    basicAuth("reporting", f.gateway),
		"unknown client":  basicAuth("nobody", f.reporting),
		"not Basic":       header("Authorization", "Bearer x"),
		"not base64":      header("Authorization", "Basic !"),
		"no colon":        header("Authorization", "Basic YQ=="),
		"no secret":       basicAuth("reporting", ""),
		"endless":         header("Authorization", "Basic "+strings.Repeat("YWFh", 800)),
		"name of a login": basicAuth("first-party", ""),
	} {
		r := f.post("/oauth2/token", clientGrant, o)
		t.Run(name, func(t *testing.T) {
			f.want(r, 401, "invalid_client")
			if !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("WWW-Authenticate is %q", r.header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestRFC6749_5_2_UnsupportedGrantType(t *testing.T) {
	f := start(t, quick(t))
	for _, grant := range []string{"password", "urn:ietf:params:oauth:grant-type:jwt-bearer", "CLIENT_CREDENTIALS"} {
		f.want(f.post("/oauth2/token", []string{"grant_type", grant}, f.asReporting()), 400, "unsupported_grant_type")
	}
}

func TestRFC6749_5_2_InvalidGrant(t *testing.T) {
	f := start(t, quick(t))
	access, expired := f.mustLogin()
	f.advance(f.svc.cfg.Tokens.RefreshTTL + time.Second)
	_, another := f.mustLogin()
	_, used := f.mustLogin()
	f.want(f.refresh(used), 200, "")
	_, revoked := f.mustLogin()
	f.want(f.revoke(revoked), 200, "")
	for name, token := range map[string]string{
		"unknown":         "tgr_" + strings.Repeat("A", 43),
		"malformed":       "tgr_x",
		"an access token": access,
		"expired":         expired,
		"used":            used,
		"revoked":         revoked,
	} {
		t.Run(name, func(t *testing.T) { f.want(f.refresh(token), 400, "invalid_grant") })
	}
	f.want(f.post("/oauth2/token", []string{"grant_type", grantRefresh, "refresh_token", another}, f.asReporting()), 400, "invalid_grant")
	f.want(f.post("/oauth2/token", []string{"grant_type", grantRefresh}), 400, "invalid_request")
}
