package introspect

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/introspect/admin"
)

// transparent is the JWT that access is, or that stands in for it.
func (f *fixture) transparent(access string) (header, claims map[string]any) {
	f.t.Helper()
	if strings.HasPrefix(access, "tg_") {
		_, answer := f.signed(access)
		access = answer["token_introspection"].(map[string]any)["phantom_token"].(string)
	}
	return unpack(f.t, access)
}

// audience is the aud of a token.
func (f *fixture) audience(access string) []string {
	f.t.Helper()
	_, claims := f.transparent(access)
	return list(f.t, claims, "aud")
}

func TestRFC9068_2_TokensVerify(t *testing.T) {
	f := start(t, cfgWith(t, FormatJWT))
	access, _ := f.mustLogin()
	verify := f.verifier("", "billing")
	for _, token := range []string{access, f.clientToken()} {
		c, err := verify.Verify([]byte(token))
		if err != nil {
			t.Fatal(err)
		}
		if c.Issuer() != f.cfg.Issuer || c.TokenID() == "" || c.ClientID() == "" || c.ExpiresAt() <= c.IssuedAt() {
			t.Errorf("claims are %s", c.Payload())
		}
	}
}

func TestRFC9068_2_1_Header(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, _ := f.mustLogin()
		for _, token := range []string{access, f.clientToken(), f.exchange(access, f.asGateway()).text(t, "access_token")} {
			head, _ := f.transparent(token)
			kid, _ := head["kid"].(string)
			if head["typ"] != "at+jwt" || head["alg"] != "EdDSA" || len(head) != 3 || kid == "" {
				t.Errorf("header is %v", head)
			}
			if keys := f.send("GET", "/.well-known/jwks.json", "", "").body; !strings.Contains(keys, `"kid":"`+kid+`"`) {
				t.Errorf("key %s is not in %s", kid, keys)
			}
		}
	})
}

func TestRFC9068_2_2_RequiredClaims(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		for _, r := range []reply{f.login("alice", alicePassword), f.post("/oauth2/token", clientGrant, f.asReporting())} {
			_, claims := f.transparent(r.text(t, "access_token"))
			for _, name := range []string{"iss", "sub", "client_id", "jti"} {
				if s, ok := claims[name].(string); !ok || s == "" {
					t.Errorf("%s is %v", name, claims[name])
				}
			}
			exp, iat := claims["exp"].(float64), claims["iat"].(float64)
			if exp != math.Trunc(exp) || iat != math.Trunc(iat) || exp-iat != r.fields(t)["expires_in"] {
				t.Errorf("iat %v, exp %v, expires_in %v", iat, exp, r.fields(t)["expires_in"])
			}
			if len(list(t, claims, "aud")) == 0 {
				t.Error("aud is empty")
			}
			if claims["iss"] != f.metadata()["issuer"] {
				t.Errorf("iss is %v", claims["iss"])
			}
		}
	})
}

func TestRFC9068_2_2_SubjectIsTheUserOrTheClient(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, _ := f.mustLogin()
		for token, want := range map[string][2]string{
			access:          {"alice", "first-party"},
			f.clientToken(): {"reporting", "reporting"},
			f.exchange(access, f.asGateway()).text(t, "access_token"): {"alice", "gateway"},
		} {
			if _, claims := f.transparent(token); claims["sub"] != want[0] || claims["client_id"] != want[1] {
				t.Errorf("sub %v, client_id %v, not %v", claims["sub"], claims["client_id"], want)
			}
		}
	})
}

func TestRFC9068_2_2_TokenIDsDiffer(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		seen := map[any]bool{}
		for range 100 {
			_, claims := f.transparent(f.clientToken())
			if seen[claims["jti"]] {
				t.Fatalf("jti %v came twice", claims["jti"])
			}
			seen[claims["jti"]] = true
		}
	})
}

func TestRFC9068_2_2_3_ScopeIsInTheToken(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		scope := func(r reply) any {
			t.Helper()
			f.want(r, 200, "")
			_, claims := f.transparent(r.text(t, "access_token"))
			if got := r.fields(t)["scope"]; got != claims["scope"] {
				t.Errorf("the answer says %v, the token %v", got, claims["scope"])
			}
			return claims["scope"]
		}
		if got := scope(f.post("/oauth2/token", append(clientGrant, "scope", "export"), f.asReporting())); got != "export" {
			t.Errorf("asked for export: %v", got)
		}
		if got := scope(f.post("/oauth2/token", clientGrant, f.asReporting())); got != "read export" {
			t.Errorf("asked for nothing: %v", got)
		}
		if got := scope(f.post("/oauth2/token", clientGrant, f.asGateway())); got != nil {
			t.Errorf("a client without scopes: %v", got)
		}
	})
}

func TestRFC9068_2_2_3_1_Roles(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, _ := f.mustLogin()
		for token, want := range map[string]string{access: "customer", f.clientToken(): "auditor"} {
			if _, claims := f.transparent(token); !slices.Equal(list(t, claims, "roles"), []string{want}) {
				t.Errorf("roles are %v, not %s", claims["roles"], want)
			}
		}
	})
}

func TestRFC9068_3_AudienceOfWhoAsksForNone(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		_, secret, err := f.svc.Admin().AddClient(t.Context(), admin.NewClient{ID: "mailer", Audiences: []string{"mail"}})
		if err != nil {
			t.Fatal(err)
		}
		access, _ := f.mustLogin()
		mail := f.post("/oauth2/token", clientGrant, basicAuth("mailer", secret)).text(t, "access_token")
		for token, want := range map[string][]string{access: cfg.Audience, f.clientToken(): cfg.Audience, mail: {"mail"}} {
			if got := f.audience(token); !slices.Equal(got, want) {
				t.Errorf("aud is %v, not %v", got, want)
			}
		}
	})
}

var resources = []string{"https://orders.example/", "https://billing.example/v1", "urn:example:stock"}

func TestRFC9068_3_AudienceIsTheResourceAskedFor(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		cfg.Audience = resources
		f := start(t, cfg)
		for _, want := range resources {
			r := f.post("/oauth2/token", append(clientGrant, "resource", want), f.asReporting())
			f.want(r, 200, "")
			if got := f.audience(r.text(t, "access_token")); !slices.Equal(got, []string{want}) {
				t.Errorf("aud is %v, not %s", got, want)
			}
		}
	})
}

func TestRFC8707_2_SeveralResources(t *testing.T) {
	cfg := quick(t)
	cfg.Audience = resources
	f := start(t, cfg)
	r := f.post("/oauth2/token", append(clientGrant, "resource", resources[2], "resource", resources[0], "resource", resources[2]), f.asReporting())
	f.want(r, 200, "")
	if got := f.audience(r.text(t, "access_token")); !slices.Equal(got, []string{resources[2], resources[0]}) {
		t.Errorf("aud is %v", got)
	}
}

func TestRFC8707_2_ResourceThatIsNoTarget(t *testing.T) {
	cfg := quick(t)
	cfg.Audience = append([]string{"orders", "https://x.example/#a"}, resources...)
	f := start(t, cfg)
	for name, resource := range map[string]string{
		"unknown":              "https://payroll.example/",
		"not absolute":         "orders",
		"a fragment":           "https://x.example/#a",
		"an empty fragment":    resources[0] + "#",
		"without the slash":    "https://orders.example",
		"no URI":               "https://%",
		"below a known one":    resources[0] + "x",
		"two values, like aud": resources[0] + " " + resources[1],
	} {
		r := f.post("/oauth2/token", append(clientGrant, "resource", resource), f.asReporting())
		t.Run(name, func(t *testing.T) { f.want(r, 400, "invalid_target") })
	}
	r := f.post("/oauth2/token", append(clientGrant, "resource", resources[0], "resource", "https://payroll.example/"), f.asReporting())
	f.want(r, 400, "invalid_target")
}

// A refresh may ask for part of what the session was granted; the refresh token
// keeps all of it, and being refused uses nothing up.
func TestRFC8707_2_2_RefreshNarrowsTheAudienceOfTheAccessTokenAlone(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		cfg.Audience = resources
		f := start(t, cfg)
		_, refresh := f.mustLogin()
		ask := func(resource string) reply {
			return f.post("/oauth2/token", []string{"grant_type", grantRefresh, "refresh_token", refresh, "resource", resource})
		}
		f.want(ask("https://payroll.example/"), 400, "invalid_target")
		r := ask(resources[1])
		f.want(r, 200, "")
		if got := f.audience(r.text(t, "access_token")); !slices.Equal(got, resources[1:2]) {
			t.Errorf("aud is %v", got)
		}
		r = f.refresh(r.text(t, "refresh_token"))
		if got := f.audience(r.text(t, "access_token")); !slices.Equal(got, resources) {
			t.Errorf("afterwards aud is %v", got)
		}
	})
}

// RFC 9068, section 5: a client must not be able to pass for a user.
func TestRFC9068_5_SubjectsDoNotCollide(t *testing.T) {
	f := start(t, quick(t))
	ctx := t.Context()
	_, _, err := f.svc.Admin().AddClient(ctx, admin.NewClient{ID: "alice"})
	if !errors.Is(err, admin.ErrExists) {
		t.Errorf("a client called like a user: %v", err)
	}
	_, err = f.svc.Admin().AddUser(ctx, admin.NewUser{ID: "reporting", Password: []byte("x")})
	if !errors.Is(err, admin.ErrExists) {
		t.Errorf("a user called like a client: %v", err)
	}
	_, _, err = f.svc.Admin().AddClient(ctx, admin.NewClient{ID: "first-party"})
	if !errors.Is(err, admin.ErrReserved) {
		t.Errorf("a client called like the login client: %v", err)
	}
}
