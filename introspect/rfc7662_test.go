package introspect

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/admin"
)

func (f *fixture) clientToken() string {
	f.t.Helper()
	r := f.post("/oauth2/token", clientGrant, f.asReporting())
	f.want(r, 200, "")
	return r.text(f.t, "access_token")
}

func TestRFC7662_2_1_CallerMustAuthenticate(t *testing.T) {
	f := start(t, quick(t))
	token := []string{"token", f.clientToken()}
	f.want(f.post("/oauth2/introspect", token), 401, "invalid_client")
	f.want(f.post("/oauth2/introspect", token, basicAuth("gateway", "wrong")), 401, "invalid_client")
	f.want(f.post("/oauth2/introspect", token, header("Authorization", "Bearer "+token[1])), 401, "invalid_client")
	f.want(f.post("/oauth2/introspect", append(token, "client_id", "first-party")), 401, "invalid_client")
	f.want(f.post("/oauth2/introspect", append(token, "client_id", "gateway", "client_secret", f.gateway)), 200, "")
}

func TestRFC7662_4_CallerMustBeAServiceClient(t *testing.T) {
	f := start(t, quick(t))
	f.want(f.post("/oauth2/introspect", []string{"token", f.clientToken()}, f.asReporting()), 403, "unauthorized_client")
	f.want(f.send("GET", "/revocations?wait=0", "", "", f.asReporting()), 403, "unauthorized_client")
	f.want(f.send("GET", "/revocations?wait=0", "", ""), 401, "invalid_client")
}

func TestRFC7662_2_1_TokenTypeHintIsNotTrusted(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		r := f.post("/oauth2/introspect", []string{"token", f.clientToken(), "token_type_hint", "refresh_token"}, f.asGateway())
		if r.fields(t)["active"] != true {
			t.Errorf("answer is %s", r.body)
		}
	})
}

func TestRFC7662_2_2_ActiveMembers(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, _ := f.mustLogin()
		r := f.introspect(access)
		got := r.fields(t)
		now := float64(time.Now().Unix())
		iat, exp := got["iat"].(float64), got["exp"].(float64)
		if iat > now || iat < now-60 || exp != iat+300 {
			t.Errorf("iat %v, exp %v", iat, exp)
		}
		for name, want := range map[string]string{
			"active": "true", "scope": `"read write"`, "client_id": `"first-party"`, "username": `"alice"`,
			"token_type": `"Bearer"`, "sub": `"alice"`, "aud": `["orders","billing"]`, "iss": `"https://as.example"`,
			"roles": `["customer"]`,
		} {
			if b, _ := json.Marshal(got[name]); string(b) != want {
				t.Errorf("%s is %s, not %s", name, b, want)
			}
		}
		if len(r.text(t, "jti")) != 36 || len(r.text(t, "sid")) != 36 || got["jti"] == got["sid"] {
			t.Errorf("jti %v, sid %v", got["jti"], got["sid"])
		}
	})
}

func TestRFC7662_2_2_NotActiveIsExactly(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		revoked, refresh := f.mustLogin()
		f.want(f.post("/oauth2/revoke", []string{"token", revoked}), 200, "")
		good := f.clientToken()
		foreign := start(t, cfgWith(t, cfg.Tokens.Format))
		tokens := map[string]string{
			"unknown":         "tg_00000000-0000-4000-8000-000000000000",
			"malformed":       "x",
			"empty parts":     "..",
			"longer":          good + "A",
			"revoked":         revoked,
			"another issuer":  foreign.clientToken(),
			"a refresh token": refresh,
			"endless":         strings.Repeat("a", 20_000),
			"a secret":        f.gateway,
		}
		if cfg.Tokens.Format == FormatJWT {
			part := strings.Split(good, ".")
			none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
			payload, _ := base64.RawURLEncoding.DecodeString(part[1])
			forged := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), "auditor", "admin00", 1)))
			tokens["no signature"] = part[0] + "." + part[1] + "."
			tokens["alg none"] = none + "." + part[1] + "."
			tokens["changed claims"] = part[0] + "." + forged + "." + part[2]
			tokens["line break"] = good[:len(good)-4] + "\n" + good[len(good)-4:]
		}
		for name, token := range tokens {
			if r := f.introspect(token); r.body != `{"active":false}` {
				t.Errorf("%s: %s", name, r.body)
			}
		}
	})
}

func cfgWith(t *testing.T, format string) Config {
	cfg := quick(t)
	cfg.Tokens.Format = format
	return cfg
}

func TestRFC7662_2_2_ExpiredIsNotActive(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		f.stopClock() // else the last second may be over by the time it is asked for
		token := f.clientToken()
		f.advance(299 * time.Second)
		if !f.active(token) {
			t.Error("a token is not active in its last second")
		}
		f.advance(time.Second)
		if f.active(token) {
			t.Error("an expired token is active")
		}
	})
}

func TestRFC7662_2_2_DisabledAccountsAreNotActive(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, refresh := f.mustLogin()
		token := f.clientToken()
		if _, err := f.svc.Admin().DisableUser(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
		if _, err := f.svc.Admin().DisableClient(t.Context(), "reporting"); err != nil {
			t.Fatal(err)
		}
		if f.active(access) || f.active(token) {
			t.Error("a token of a disabled account is active")
		}
		f.want(f.refresh(refresh), 400, "invalid_grant")
		f.want(f.login("alice", alicePassword), 401, "invalid_grant")
		f.want(f.post("/oauth2/token", clientGrant, f.asReporting()), 401, "invalid_client")
	})
}

func TestRFC7662_2_1_TokenIsRequired(t *testing.T) {
	f := start(t, quick(t))
	f.want(f.post("/oauth2/introspect", nil, f.asGateway()), 400, "invalid_request")
	f.want(f.post("/oauth2/introspect", []string{"token", ""}, f.asGateway()), 400, "invalid_request")
}

func TestRFC7662_2_1_UnknownParametersAreIgnored(t *testing.T) {
	f := start(t, quick(t))
	r := f.post("/oauth2/introspect", []string{"token", f.clientToken(), "resource", "x", "audience", "y"}, f.asGateway())
	if r.status != 200 || r.fields(t)["active"] != true {
		t.Errorf("answer is %d %s", r.status, r.body)
	}
}

func TestRFC7662_2_2_AnswerIsAJSONObject(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		for _, token := range []string{f.clientToken(), "x"} {
			r := f.introspect(token)
			if kind := r.header.Get("Content-Type"); kind != "application/json" {
				t.Errorf("Content-Type is %q", kind)
			}
			got := r.fields(t)
			if active, ok := got["active"].(bool); !ok || active != (token != "x") {
				t.Errorf("active is %v", got["active"])
			}
			for _, name := range []string{"iat", "exp"} {
				if n, ok := got[name].(float64); token != "x" && (!ok || n != math.Trunc(n)) {
					t.Errorf("%s is %v", name, got[name])
				}
			}
		}
	})
}

func TestRFC7662_2_3_WrongCredentialsAre401WithChallenge(t *testing.T) {
	f := start(t, quick(t))
	token := f.clientToken()
	for name, o := range map[string]option{
		"none": func(*http.Request) {}, "a wrong secret": basicAuth("gateway", "x"), "no secret": basicAuth("gateway", ""), "a token": header("Authorization", "Bearer "+token),
	} {
		alive, unknown := f.post("/oauth2/introspect", []string{"token", token}, o), f.post("/oauth2/introspect", []string{"token", "x"}, o)
		t.Run(name, func(t *testing.T) {
			f.want(alive, 401, "invalid_client")
			if !strings.HasPrefix(alive.header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("WWW-Authenticate is %q", alive.header.Get("WWW-Authenticate"))
			}
			if alive.body != unknown.body || unknown.status != 401 {
				t.Errorf("of an unknown token is said %d %s", unknown.status, unknown.body)
			}
		})
	}
}

// A token in a URI ends in logs and histories.
func TestRFC7662_4_TokenIsNotInTheURI(t *testing.T) {
	f := start(t, quick(t))
	token := f.clientToken()
	path := "/oauth2/introspect?token=" + token
	f.want(f.send("GET", path, "", "", f.asGateway()), 405, "invalid_request")
	f.want(f.send("POST", path, "application/x-www-form-urlencoded", "", f.asGateway()), 400, "invalid_request")
	f.want(f.send("POST", path, "application/x-www-form-urlencoded", "token="+token, f.asGateway()), 400, "invalid_request")
	if strings.Contains(f.log.String(), token) {
		t.Error("the token is in the log")
	}
}

// The signature is looked at, and whether its key is still to be trusted.
func TestRFC7662_4_RetiredKeysTokensAreNotActive(t *testing.T) {
	f := start(t, cfgWith(t, FormatJWT))
	token := f.clientToken()
	head, _ := unpack(t, token)
	if !f.active(token) {
		t.Error("a new token is not active")
	}
	if _, err := f.svc.Admin().RotateKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.svc.Admin().RetireKey(t.Context(), head["kid"].(string)); err != nil {
		t.Fatal(err)
	}
	if f.active(token) {
		t.Error("a token of a retired key is active")
	}
	if !f.active(f.clientToken()) {
		t.Error("a token of the next key is not active")
	}
}

// A revocation by subject takes in its whole second; whoever is issued
// something after it must not fall under it.
func TestTokensIssuedAfterAReplacementAreAlive(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		old, _ := f.mustLogin()
		_, err := f.svc.Admin().AddUser(t.Context(), admin.NewUser{ID: "alice", Password: []byte("another"), Replace: true})
		if err != nil {
			t.Fatal(err)
		}
		r := f.login("alice", "another")
		f.want(r, 200, "")
		if f.active(old) || !f.active(r.text(t, "access_token")) {
			t.Error("the old token is alive, or the new one is not")
		}
	})
}
