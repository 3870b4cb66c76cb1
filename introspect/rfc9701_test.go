package introspect

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/introspect/admin"
)

// verifier is an engine that trusts the service, for tokens of type typ, access
// tokens where that is empty, and the audience given.
func (f *fixture) verifier(typ, audience string) *engine.Engine {
	f.t.Helper()
	keys := keyset.New(keyset.HTTP(f.url+"/.well-known/jwks.json", nil), keyset.Options{})
	if err := keys.Refresh(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	var types []string // of access tokens
	if typ != "" {
		types = []string{typ}
	}
	e, err := engine.New(engine.Config{
		Issuers: []engine.Issuer{{Name: f.cfg.Issuer, Keys: keys, Audiences: []string{audience}, Algorithms: []string{"EdDSA"}, Types: types}},
		Now:     f.svc.now,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return e
}

// signed is the introspection answer as a JWT, and its parts decoded.
func (f *fixture) signed(token string) (header, claims map[string]any) {
	f.t.Helper()
	r := f.introspect(token, func(r *http.Request) { r.Header.Set("Accept", answerType) })
	if kind := r.header.Get("Content-Type"); kind != answerType {
		f.t.Errorf("Content-Type is %q", kind)
	}
	return unpack(f.t, r.body)
}

// unpack decodes a JWT whose signature others verify.
func unpack(t testing.TB, text string) (header, claims map[string]any) {
	t.Helper()
	part := strings.Split(text, ".")
	if len(part) != 3 {
		t.Fatalf("%q is no JWT", text)
	}
	for i, m := range []*map[string]any{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(part[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, m); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

func TestRFC9701_5_AnswerIsASignedJWT(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, _ := f.mustLogin()
		head, claims := f.signed(access)
		if head["typ"] != "token-introspection+jwt" || head["alg"] != "EdDSA" {
			t.Errorf("header is %v", head)
		}
		if claims["iss"] != cfg.Issuer || claims["aud"] != "gateway" || claims["sub"] != nil || claims["exp"] != nil || len(claims) != 4 {
			t.Errorf("claims are %v", claims)
		}
		if iat, ok := claims["iat"].(float64); !ok || iat != math.Trunc(iat) || math.Abs(iat-float64(time.Now().Unix())) > 60 {
			t.Errorf("iat is %v", claims["iat"])
		}
		plain := f.introspect(access).fields(t)
		inner := claims["token_introspection"].(map[string]any)
		delete(inner, "phantom_token")
		a, _ := json.Marshal(plain)
		b, _ := json.Marshal(inner)
		if string(a) != string(b) {
			t.Errorf("token_introspection is %s, not %s", b, a)
		}
	})
}

func TestRFC9701_5_InactiveSaysNothingElse(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		revoked, refresh := f.mustLogin()
		f.want(f.revoke(revoked), 200, "")
		expired := f.clientToken()
		f.advance(301 * time.Second)
		for name, token := range map[string]string{
			"unknown": "tg_00000000-0000-4000-8000-000000000000", "malformed": "x", "revoked": revoked, "expired": expired,
			"a refresh token": refresh, "of another issuer": start(t, cfgWith(t, cfg.Tokens.Format)).clientToken(),
		} {
			_, claims := f.signed(token)
			if b, _ := json.Marshal(claims["token_introspection"]); string(b) != `{"active":false}` || claims["aud"] != "gateway" || len(claims) != 4 {
				t.Errorf("%s: claims are %v", name, claims)
			}
		}
	})
}

func TestRFC9701_4_PlainWithoutTheAcceptHeader(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	if kind := f.introspect(access).header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type is %q", kind)
	}
}

func TestRFC9701_4_AcceptDecides(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	const plain = "application/json"
	for accept, want := range map[string]string{
		answerType:                            answerType,
		"Application/Token-Introspection+JWT": answerType,
		plain + ", " + answerType:             answerType,
		answerType + ";q=0.1, */*;q=0.5":      answerType,
		plain + ";q=0.5," + answerType:        answerType,
		answerType + ";q=0":                   plain,
		answerType + ";q=0.5, " + plain:       plain,
		answerType + ";q=x":                   plain,
		answerType + "s":                      plain,
		"x-" + answerType:                     plain,
		"*/*":                                 plain,
		plain:                                 plain,
		"":                                    plain,
	} {
		if kind := f.introspect(access, header("Accept", accept)).header.Get("Content-Type"); kind != want {
			t.Errorf("Accept: %s is answered with %q", accept, kind)
		}
	}
	two := func(r *http.Request) { r.Header["Accept"] = []string{"text/html", answerType} }
	if kind := f.introspect(access, two).header.Get("Content-Type"); kind != answerType {
		t.Errorf("in a second line: %q", kind)
	}
}

// The JWT is signed by a key of the key set with an algorithm of the metadata.
func TestRFC9701_5_SignatureIsThatOfTheMetadata(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	text := f.introspect(access, header("Accept", answerType)).body
	head, _ := unpack(t, text)
	if got := list(t, f.metadata(), "introspection_signing_alg_values_supported"); !slices.Equal(got, []string{head["alg"].(string)}) {
		t.Errorf("alg is %v, the metadata says %v", head["alg"], got)
	}
	var set struct {
		Keys []struct {
			ID     string `json:"kid"`
			Public string `json:"x"`
		} `json:"keys"`
	}
	if err := json.Unmarshal([]byte(f.send("GET", "/.well-known/jwks.json", "", "").body), &set); err != nil {
		t.Fatal(err)
	}
	dot := strings.LastIndexByte(text, '.')
	signature, err := base64.RawURLEncoding.DecodeString(text[dot+1:])
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		public, err := base64.RawURLEncoding.DecodeString(k.Public)
		if err != nil {
			t.Fatal(err)
		}
		if k.ID == head["kid"] && ed25519.Verify(public, []byte(text[:dot]), signature) {
			return
		}
	}
	t.Errorf("no key of the set has signed, by header %v", head)
}

func TestRFC9701_5_AudienceIsTheCaller(t *testing.T) {
	f := start(t, quick(t))
	_, secret, err := f.svc.Admin().AddClient(t.Context(), admin.NewClient{ID: "stock", Service: true})
	if err != nil {
		t.Fatal(err)
	}
	access, _ := f.mustLogin()
	for id, o := range map[string]option{"gateway": f.asGateway(), "stock": basicAuth("stock", secret)} {
		r := f.post("/oauth2/introspect", []string{"token", access}, o, header("Accept", answerType))
		f.want(r, 200, "")
		if _, claims := unpack(t, r.body); claims["aud"] != id {
			t.Errorf("aud is %v, not %s", claims["aud"], id)
		}
	}
}

// Who may not introspect gets a plain error and no JWT.
func TestRFC9701_8_2_CallerIsAuthenticated(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	for name, c := range map[string]struct {
		o      option
		status int
		code   string
	}{
		"nobody":            {func(*http.Request) {}, 400, "invalid_client"},
		"a wrong secret":    {basicAuth("gateway", "x"), 401, "invalid_client"},
		"no service client": {f.asReporting(), 403, "unauthorized_client"},
	} {
		r := f.post("/oauth2/introspect", []string{"token", access}, c.o, header("Accept", answerType))
		t.Run(name, func(t *testing.T) {
			f.want(r, c.status, c.code)
			if kind := r.header.Get("Content-Type"); kind != "application/json" {
				t.Errorf("Content-Type is %q", kind)
			}
		})
	}
}

// Whoever asks for a JWT and shows no credentials gets 400, whatever the token;
// shown ones that are wrong get 401, and so does who asks for plain JSON.
func TestRFC9701_5_NoCredentialsAre400(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	for name, form := range map[string][]string{
		"nothing":         {"token", access},
		"unknown token":   {"token", "x"},
		"no token":        {},
		"a name alone":    {"token", access, "client_id", "gateway"},
		"an empty secret": {"token", access, "client_id", "gateway", "client_secret", ""},
	} {
		signed, plain := f.post("/oauth2/introspect", form, header("Accept", answerType)), f.post("/oauth2/introspect", form)
		t.Run(name, func(t *testing.T) {
			f.want(signed, 400, "invalid_client")
			if challenge := signed.header.Get("WWW-Authenticate"); challenge != "" {
				t.Errorf("WWW-Authenticate is %q", challenge)
			}
			f.want(plain, 401, "invalid_client")
		})
	}
	for name, form := range map[string][]string{
		"a wrong secret":    {"token", access, "client_id", "gateway", "client_secret", "x"},
		"a secret alone":    {"token", access, "client_secret", f.gateway},
		"an assertion":      {"token", access, "client_assertion", "a.b.c"},
		"an assertion type": {"token", access, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	} {
		r := f.post("/oauth2/introspect", form, header("Accept", answerType))
		t.Run(name, func(t *testing.T) { f.want(r, 401, "invalid_client") })
	}
	r := f.send("GET", "/revocations", "", "")
	f.want(r, 401, "invalid_client") // the feed is ours
}

// The answer's typ keeps it from being taken for an access token.
func TestRFC9701_8_1_AnswerIsNoAccessToken(t *testing.T) {
	f := start(t, cfgWith(t, FormatOpaque))
	access, _ := f.mustLogin()
	r := f.introspect(access, func(r *http.Request) { r.Header.Set("Accept", answerType) })
	_, err := f.verifier("", "gateway").Verify([]byte(r.body))
	if engine.Code(err) != "type" {
		t.Errorf("as an access token: %v", err)
	}
	if f.active(r.body) {
		t.Error("introspection takes it for an access token")
	}
}

// The phantom token is the opaque token's twin: it says the same, dies with it,
// and is alive nowhere after it.
func TestPhantomTokenIsTheOpaqueTokensTwin(t *testing.T) {
	for _, kind := range []string{StoreMemory, StorePebble} {
		t.Run(kind, func(t *testing.T) {
			cfg := cfgWith(t, FormatOpaque)
			cfg.Store.Kind = kind
			f := start(t, cfg)
			access, _ := f.mustLogin()
			_, claims := f.signed(access)
			phantom := claims["token_introspection"].(map[string]any)["phantom_token"].(string)
			verify := f.verifier("", "orders")
			got, err := verify.Verify([]byte(phantom))
			if err != nil {
				t.Fatal(err)
			}
			want := f.introspect(access).fields(t)
			if got.TokenID() != want["jti"] || got.Subject() != "alice" || got.SessionID() != want["sid"] ||
				got.ScopeList() != "read write" || got.RoleList() != "customer" || float64(got.ExpiresAt().Unix()) != want["exp"] {
				t.Errorf("the phantom token says %s, the opaque one %v", got.Payload(), want)
			}
			if !f.active(phantom) {
				t.Error("the phantom token is not active")
			}
			f.advance(200 * time.Second) // asked late, it ends no later
			_, claims = f.signed(access)
			late := claims["token_introspection"].(map[string]any)["phantom_token"].(string)
			got, err = verify.Verify([]byte(late))
			if err != nil || float64(got.ExpiresAt().Unix()) != want["exp"] {
				t.Errorf("a later phantom token: %v", err)
			}
			f.want(f.revoke(access), 200, "")
			if f.active(phantom) || f.active(late) {
				t.Error("the phantom token outlived the opaque one")
			}
		})
	}
}

func TestNoPhantomTokenForAJWT(t *testing.T) {
	f := start(t, cfgWith(t, FormatJWT))
	access, _ := f.mustLogin()
	_, claims := f.signed(access)
	if _, ok := claims["token_introspection"].(map[string]any)["phantom_token"]; ok {
		t.Error("a JWT has a phantom token")
	}
}
