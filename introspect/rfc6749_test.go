package introspect

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/admin"
	"github.com/tollgate/tollgate/introspect/store"
)

func header(name, value string) option {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

var clientGrant = []string{"grant_type", grantClient}

func TestRFC6749_2_3_OneClientAuthenticationMethod(t *testing.T) {
	f := start(t, quick(t))
	both := append([]string{"client_id", "reporting", "client_secret", f.reporting}, clientGrant...)
	f.want(f.post("/oauth2/token", both, f.asReporting()), 400, "invalid_request")
	other := append([]string{"client_id", "gateway"}, clientGrant...)
	f.want(f.post("/oauth2/token", other, f.asReporting()), 400, "invalid_request")
	same := append([]string{"client_id", "reporting"}, clientGrant...)
	f.want(f.post("/oauth2/token", same, f.asReporting()), 200, "")
	f.want(f.post("/oauth2/token", clientGrant, func(r *http.Request) {
		r.Header["Authorization"] = []string{"Basic YTpi", "Basic YTpi"}
	}), 400, "invalid_request")
}

func TestRFC6749_2_3_1_SecretInHeaderOrBody(t *testing.T) {
	f := start(t, quick(t))
	f.want(f.post("/oauth2/token", clientGrant, f.asReporting()), 200, "")
	body := append([]string{"client_id", "reporting", "client_secret", f.reporting}, clientGrant...)
	f.want(f.post("/oauth2/token", body), 200, "")
	encoded := strings.ReplaceAll(f.reporting, "_", "%5F")
	f.want(f.post("/oauth2/token", clientGrant, basicAuth("reporting", encoded)), 200, "")
	f.want(f.post("/oauth2/token", clientGrant, basicAuth("%72eporting", encoded)), 200, "")
	f.want(f.post("/oauth2/token", clientGrant, basicAuth("%zzreporting", f.reporting)), 401, "invalid_client")
	f.want(f.post("/oauth2/token", append(clientGrant, "client_id", "%72eporting", "client_secret", f.reporting)), 401, "invalid_client")
}

func TestRFC6749_2_3_1_SecretInEveryEncoding(t *testing.T) {
	f := start(t, quick(t))
	secret := "50% off: a+b = c & d/\u00fcml\u00e4ut \u2603 %41+0123456789"
	_, _, err := f.svc.Admin().AddClient(t.Context(), admin.NewClient{ID: "my.app-1_x", Secret: []byte(secret)})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		secret, url.QueryEscape(secret), strings.ReplaceAll(url.QueryEscape(secret), "+", "%20"),
		strings.ReplaceAll(url.PathEscape(secret), "%2B", "+"),
	} {
		for _, id := range []string{"my.app-1_x", "my%2Eapp%2D1%5Fx", "my%2eapp-1_x"} {
			f.want(f.post("/oauth2/token", clientGrant, basicAuth(id, shown)), 200, "")
		}
		f.want(f.post("/oauth2/token", append([]string{"client_id", "my.app-1_x", "client_secret", shown}, clientGrant...)), 200, "")
	}
	f.want(f.post("/oauth2/token", clientGrant, basicAuth("my.app-1_x", url.QueryEscape(url.QueryEscape(secret)))), 401, "invalid_client")
	// The longest secret, with every byte encoded, has room.
	long := strings.Repeat("\u00fc", 256)
	_, _, err = f.svc.Admin().AddClient(t.Context(), admin.NewClient{ID: strings.Repeat("i", 64), Secret: []byte(long)})
	if err != nil {
		t.Fatal(err)
	}
	f.want(f.post("/oauth2/token", clientGrant, basicAuth(strings.Repeat("%69", 64), url.QueryEscape(long))), 200, "")
}

func TestRFC6749_2_3_1_SecretNotInURI(t *testing.T) {
	f := start(t, quick(t))
	r := f.send("POST", "/oauth2/token?client_id=reporting&client_secret="+f.reporting,
		"application/x-www-form-urlencoded", "grant_type=client_credentials")
	f.want(r, 400, "invalid_request")
	if strings.Contains(r.body, f.reporting) || strings.Contains(f.log.String(), f.reporting) {
		t.Error("the secret is told")
	}
}

func TestRFC6749_3_2_PostOnly(t *testing.T) {
	f := start(t, quick(t))
	for _, path := range []string{"/login", "/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
			r := f.send(method, path, "", "")
			f.want(r, 405, "")
			if r.header.Get("Allow") != "POST" {
				t.Errorf("Allow is %q", r.header.Get("Allow"))
			}
		}
	}
}

func TestRFC6749_3_2_EmptyParameterIsOmitted(t *testing.T) {
	f := start(t, quick(t))
	r := f.post("/oauth2/token", []string{"grant_type", grantClient, "scope", ""}, f.asReporting())
	f.want(r, 200, "")
	if got := r.text(t, "scope"); got != "read export" {
		t.Errorf("scope is %q", got)
	}
	f.want(f.post("/oauth2/token", []string{"grant_type", ""}, f.asReporting()), 400, "invalid_request")
	f.want(f.post("/oauth2/introspect", []string{"token", ""}, f.asGateway()), 400, "invalid_request")
	f.want(f.post("/oauth2/revoke", []string{"token", ""}, f.asGateway()), 400, "invalid_request")
}

func TestRFC6749_3_2_RepeatedParameterIsRefused(t *testing.T) {
	f := start(t, quick(t))
	twice := append(clientGrant, clientGrant...)
	f.want(f.post("/oauth2/token", twice, f.asReporting()), 400, "invalid_request")
	f.want(f.post("/oauth2/token", append(clientGrant, "x", "1", "x", "2"), f.asReporting()), 400, "invalid_request")
	f.want(f.post("/oauth2/introspect", []string{"token", "a", "token", "a"}, f.asGateway()), 400, "invalid_request")
	f.want(f.post("/oauth2/revoke", []string{"token", "a", "token", "b"}, f.asGateway()), 400, "invalid_request")
	f.want(f.post("/login", []string{"id", "alice", "id", "bob", "password", "x"}), 400, "invalid_request")
}

func TestRFC6749_3_2_UnknownParameterIsIgnored(t *testing.T) {
	f := start(t, quick(t))
	f.want(f.post("/oauth2/token", append(clientGrant, "colour", "blue"), f.asReporting()), 200, "")
}

func TestRFC6749_4_4_2_FormOnly(t *testing.T) {
	f := start(t, quick(t))
	for _, kind := range []string{"application/json", "text/plain", "multipart/form-data; boundary=x", ""} {
		r := f.send("POST", "/oauth2/token", kind, "grant_type=client_credentials", f.asReporting())
		f.want(r, 400, "invalid_request")
	}
	r := f.send("POST", "/oauth2/token", "Application/X-WWW-Form-Urlencoded; charset=UTF-8", "grant_type=client_credentials", f.asReporting())
	f.want(r, 200, "")
}

// Parameters are percent-encoded UTF-8, with a plus sign or %20 for a space.
func TestRFC6749_B_FormEncoding(t *testing.T) {
	f := start(t, quick(t))
	for _, body := range []string{
		"grant_type=client_credentials&scope=read+export", "grant_type=client_credentials&scope=read%20export",
		"gr%61nt_type=client%5Fcredentials&scope=%72ead%20export&&",
	} {
		r := f.send("POST", "/oauth2/token", "application/x-www-form-urlencoded", body, f.asReporting())
		f.want(r, 200, "")
		if got := r.text(t, "scope"); got != "read export" {
			t.Errorf("%s: scope is %q", body, got)
		}
	}
	_, err := f.svc.Admin().AddUser(t.Context(), admin.NewUser{ID: "zo\u00eb", Password: []byte("p\u00e4ss w\u00f6rt+%")})
	if err != nil {
		t.Fatal(err)
	}
	f.want(f.login("zo\u00eb", "p\u00e4ss w\u00f6rt+%"), 200, "")
}

// A client that has a secret shows it, whatever the grant.
func TestRFC6749_3_2_1_ClientsWithASecretAuthenticate(t *testing.T) {
	f := start(t, quick(t))
	access, refresh := f.mustLogin()
	for name, form := range map[string][]string{
		"client_credentials": clientGrant,
		"refresh_token":      {"grant_type", grantRefresh, "refresh_token", refresh},
		"token-exchange":     {"grant_type", grantExchange, "subject_token", access, "subject_token_type", typeAccess},
	} {
		for _, secret := range []string{"", "wrong", f.reporting} {
			r := f.post("/oauth2/token", append(form, "client_id", "gateway", "client_secret", secret))
			t.Run(name, func(t *testing.T) { f.want(r, 401, "invalid_client") })
		}
	}
	f.want(f.refresh(refresh), 200, "") // being refused used nothing up
}

func TestRFC6749_3_3_ScopeMayBeNarrowedAndIsTold(t *testing.T) {
	f := start(t, quick(t))
	scope := func(asked string) reply {
		return f.post("/oauth2/token", append(clientGrant, "scope", asked), f.asReporting())
	}
	r := scope("export")
	f.want(r, 200, "")
	if r.text(t, "scope") != "export" || f.introspect(r.text(t, "access_token")).text(t, "scope") != "export" {
		t.Errorf("scope is %s", r.body)
	}
	f.want(scope("export admin"), 400, "invalid_scope")
	f.want(scope(" "), 400, "invalid_scope")
}

// scope is a list of names between single spaces, each exactly as it was given
// to the account, in any order.
func TestRFC6749_3_3_ScopeSyntax(t *testing.T) {
	f := start(t, quick(t))
	for asked, want := range map[string]string{"export read": "export read", "read read": "read"} {
		r := f.post("/oauth2/token", append(clientGrant, "scope", asked), f.asReporting())
		f.want(r, 200, "")
		if got := r.text(t, "scope"); got != want {
			t.Errorf("scope %q is %q", asked, got)
		}
	}
	for _, asked := range []string{"READ", "read  export", " read", "read ", "read,export", "read\texport", `re"ad`, "r\u00e9ad", "*"} {
		r := f.post("/oauth2/token", append(clientGrant, "scope", asked), f.asReporting())
		if r.status != 400 || r.text(t, "error") != "invalid_scope" {
			t.Errorf("scope %q is answered with %d %s", asked, r.status, r.body)
		}
	}
}

func TestRFC6749_3_3_ScopeOfWhoAsksForNone(t *testing.T) {
	f := start(t, quick(t))
	r := f.post("/oauth2/token", clientGrant, f.asReporting())
	f.want(r, 200, "")
	if got := r.text(t, "scope"); got != "read export" {
		t.Errorf("scope is %q", got)
	}
}

func TestRFC6749_4_4_2_ClientMustAuthenticate(t *testing.T) {
	f := start(t, quick(t))
	f.want(f.post("/oauth2/token", clientGrant), 401, "invalid_client")
	f.want(f.post("/oauth2/token", append(clientGrant, "client_id", "reporting")), 401, "invalid_client")
	f.want(f.post("/oauth2/token", append(clientGrant, "client_id", "first-party")), 401, "invalid_client")
}

func TestRFC6749_4_4_3_NoRefreshTokenForClients(t *testing.T) {
	f := start(t, quick(t))
	r := f.post("/oauth2/token", clientGrant, f.asReporting())
	if _, ok := r.fields(t)["refresh_token"]; ok || r.status != 200 {
		t.Errorf("answer is %d %s", r.status, r.body)
	}
}

func TestRFC6749_5_1_AnswerMembers(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		r := f.post("/oauth2/token", clientGrant, f.asReporting())
		got := r.fields(t)
		if r.status != 200 || r.text(t, "access_token") == "" || got["token_type"] != "Bearer" || got["expires_in"] != 300.0 {
			t.Errorf("answer is %d %s", r.status, r.body)
		}
		if kind := r.header.Get("Content-Type"); kind != "application/json" {
			t.Errorf("Content-Type is %q", kind)
		}
	})
}

func TestRFC6749_5_1_NoStore(t *testing.T) {
	f := start(t, quick(t))
	access, refresh := f.mustLogin()
	for name, r := range map[string]reply{
		"login":       f.login("alice", alicePassword),
		"wrong login": f.login("alice", "wrong"),
		"client":      f.post("/oauth2/token", clientGrant, f.asReporting()),
		"refresh":     f.refresh(refresh),
		"error":       f.post("/oauth2/token", nil),
		"introspect":  f.introspect(access),
		"as a JWT":    f.introspect(access, header("Accept", answerType)),
		"revoke":      f.post("/oauth2/revoke", []string{"token", access}, f.asGateway()),
		"feed":        f.send("GET", "/revocations?wait=0", "", "", f.asGateway()),
	} {
		if r.header.Get("Cache-Control") != "no-store" || r.header.Get("Pragma") != "no-cache" {
			t.Errorf("%s: Cache-Control %q, Pragma %q", name, r.header.Get("Cache-Control"), r.header.Get("Pragma"))
		}
	}
}

func TestRFC6749_6_RefreshNarrowsScopeOfTheAccessTokenAlone(t *testing.T) {
	f := start(t, quick(t))
	_, refresh := f.mustLogin()
	ask := func(refresh, scope string) reply {
		return f.post("/oauth2/token", []string{"grant_type", grantRefresh, "refresh_token", refresh, "scope", scope})
	}
	r := ask(refresh, "read")
	f.want(r, 200, "")
	if r.text(t, "scope") != "read" {
		t.Errorf("scope is %s", r.body)
	}
	r = f.refresh(r.text(t, "refresh_token"))
	if r.text(t, "scope") != "read write" {
		t.Errorf("afterwards scope is %s", r.body)
	}
	f.want(ask(r.text(t, "refresh_token"), "read admin"), 400, "invalid_scope")
	f.want(f.refresh(r.text(t, "refresh_token")), 200, "") // being refused used nothing up
}

func TestRFC6749_6_RefreshTokenIsBoundToItsClient(t *testing.T) {
	f := start(t, quick(t))
	_, refresh := f.mustLogin()
	form := []string{"grant_type", grantRefresh, "refresh_token", refresh}
	f.want(f.post("/oauth2/token", form, f.asReporting()), 400, "invalid_grant")
	f.want(f.post("/oauth2/token", form, basicAuth("reporting", "wrong")), 401, "invalid_client")
	f.want(f.post("/oauth2/token", append(form, "client_id", "nobody")), 401, "invalid_client")
	r := f.post("/oauth2/token", append(form, "client_id", "first-party"))
	f.want(r, 200, "")
	form[3] = r.text(t, "refresh_token")
	f.want(f.post("/oauth2/token", form, f.asGateway()), 200, "")
}

func TestRFC6749_6_RefreshTokenIsReplaced(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		_, refresh := f.mustLogin()
		seen := map[string]bool{refresh: true}
		for range 5 {
			r := f.refresh(refresh)
			f.want(r, 200, "")
			if refresh = r.text(t, "refresh_token"); seen[refresh] {
				t.Fatal("a refresh token came twice")
			}
			seen[refresh] = true
		}
	})
}

func TestRFC9700_4_14_2_ReuseRevokesTheFamily(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, refresh := f.mustLogin()
		other, _ := f.mustLogin()
		r := f.refresh(refresh)
		f.want(r, 200, "")
		f.want(f.refresh(refresh), 400, "invalid_grant")
		f.want(f.refresh(r.text(t, "refresh_token")), 400, "invalid_grant")
		if f.active(access) || f.active(r.text(t, "access_token")) {
			t.Error("an access token of the family is alive")
		}
		if !f.active(other) {
			t.Error("another session has ended as well")
		}
	})
}

// A refresh token that is not used dies; one that is used makes its session
// last.
func TestRFC9700_4_14_2_UnusedRefreshTokensExpire(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		cfg.Tokens.RefreshTTL = time.Hour
		f := start(t, cfg)
		_, unused := f.mustLogin()
		_, refresh := f.mustLogin()
		for range 3 {
			f.advance(59 * time.Minute)
			r := f.refresh(refresh)
			f.want(r, 200, "")
			refresh = r.text(t, "refresh_token")
		}
		f.want(f.refresh(unused), 400, "invalid_grant")
		f.advance(61 * time.Minute)
		f.want(f.refresh(refresh), 400, "invalid_grant")
	})
}

func TestRFC9700_2_4_NoPasswordGrant(t *testing.T) {
	f := start(t, quick(t))
	r := f.post("/oauth2/token", []string{"grant_type", "password", "username", "alice", "password", alicePassword}, f.asReporting())
	f.want(r, 400, "unsupported_grant_type")
}

var opaqueToken = regexp.MustCompile(`^tg_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// A refresh token is 256 random bits, an access token a UUID or signed.
func TestRFC6749_10_10_TokensCannotBeGuessed(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		seen := map[string]bool{}
		for range 50 {
			access, refresh := f.mustLogin()
			random, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(refresh, "tgr_"))
			if err != nil || len(random) != 32 {
				t.Fatalf("a refresh token has %d bytes, %v", len(random), err)
			}
			if opaqueToken.MatchString(access) != (cfg.Tokens.Format == FormatOpaque) {
				t.Fatalf("an access token is %q", access)
			}
			if seen[access] || seen[refresh] {
				t.Fatal("a token came twice")
			}
			seen[access], seen[refresh] = true, true
		}
	})
}

// The store's files hold digests of what was handed out, and not the text.
func TestRFC6749_10_3_TokensAreKeptAsDigests(t *testing.T) {
	for _, format := range []string{FormatJWT, FormatOpaque} {
		t.Run(format, func(t *testing.T) {
			cfg := cfgWith(t, format)
			cfg.Store.Kind = StorePebble
			f := start(t, cfg)
			access, refresh := f.mustLogin()
			next := f.refresh(refresh).text(t, "refresh_token")
			client := f.clientToken()
			exchanged := f.exchange(access, f.asGateway()).text(t, "access_token")
			f.stop()
			var files strings.Builder
			err := filepath.WalkDir(cfg.Data, func(path string, d os.DirEntry, err error) error {
				if err != nil || !d.Type().IsRegular() {
					return err
				}
				text, err := os.ReadFile(path)
				files.Write(text)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			// Of each the end, which no prefix that others share takes out of the files.
			end := func(s string) string { return s[len(s)-16:] }
			for name, text := range map[string]string{
				"access token": access, "used refresh token": refresh, "refresh token": next, "client's token": client,
				"exchanged token": exchanged, "client secret": f.reporting, "password": alicePassword,
			} {
				if strings.Contains(files.String(), end(text)) {
					t.Errorf("the %s is in the files", name)
				}
			}
			digest := store.DigestOf([]byte(next))
			if !strings.Contains(files.String(), end(string(digest[:]))) {
				t.Error("the refresh token's digest is not in the files")
			}
		})
	}
}

// Tokens live for minutes where nothing else is configured, for a day at most,
// and say whom they are for.
func TestRFC6750_5_3_ShortLivesAndAudiences(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		login := f.login("alice", alicePassword)
		access := login.text(t, "access_token")
		for name, r := range map[string]reply{
			"login":    login,
			"client":   f.post("/oauth2/token", clientGrant, f.asReporting()),
			"exchange": f.exchange(access, f.asGateway()),
			"refresh":  f.refresh(login.text(t, "refresh_token")),
		} {
			f.want(r, 200, "")
			if left := r.fields(t)["expires_in"].(float64); left > 300 {
				t.Errorf("%s: expires_in is %v", name, left)
			}
			if len(f.audience(r.text(t, "access_token"))) == 0 {
				t.Errorf("%s: for nobody", name)
			}
		}
		cfg.Tokens.AccessTTL = 24*time.Hour + time.Second
		if err := cfg.Check(); err == nil || err.Error() != "tokens.access_ttl: 24h0m1s is not from 1s to 24h0m0s" {
			t.Errorf("a life of more than a day: %v", err)
		}
	})
}
