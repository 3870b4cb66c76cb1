package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/internal/yamlconf"
)

// at is the second at which all tokens of these tests are verified.
var at = time.Unix(1_800_000_000, 0)

// fakeIssuer signs by RS256 and ES256, and publishes a key for encryption beside.
type fakeIssuer struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
	set []byte
}

func newFakeIssuer(t testing.TB) *fakeIssuer {
	t.Helper()
	var f fakeIssuer
	var err error
	if f.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	if f.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	set, err := keyset.Marshal(keyset.Public{ID: "r1", Key: &f.rsa.PublicKey}, keyset.Public{ID: "e1", Key: &f.ec.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	// a key for encryption, as Keycloak has; no alg, as Entra leaves it out
	enc := strings.Replace(string(set), `"use":"sig"`, `"use":"enc"`, 1)
	enc = strings.Replace(enc[strings.Index(enc, `[`)+1:strings.Index(enc, `}`)+1], `"alg":"RS256"`, `"alg":"RSA-OAEP"`, 1)
	f.set = []byte(strings.Replace(strings.Replace(string(set), `"alg":"RS256",`, "", 1), `{"keys":[`, `{"keys":[`+enc+`,`, 1))
	return &f
}

func (f *fakeIssuer) sign(t testing.TB, header, payload string) []byte {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	d := crypto.SHA256.New()
	d.Write([]byte(signed))
	var signature []byte
	var err error
	if strings.Contains(header, "ES256") {
		r, s, e := ecdsa.Sign(rand.Reader, f.ec, d.Sum(nil))
		if err = e; err == nil {
			signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	} else {
		signature, err = rsa.SignPKCS1v15(nil, f.rsa, crypto.SHA256, d.Sum(nil))
	}
	if err != nil {
		t.Fatal(err)
	}
	return []byte(signed + "." + encode(signature))
}

// conf reads a configuration of one issuer, in YAML.
func conf(t testing.TB, text string) Issuer {
	t.Helper()
	var c struct {
		Issuer Issuer `yaml:"issuer"`
	}
	if err := yamlconf.Parse("test.yaml", []byte("issuer:\n  "+strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")+"\n"), &c); err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return c.Issuer
}

const times = `,"iat":1799999990,"exp":1800003600`

const (
	rs256JWT = `{"alg":"RS256","kid":"r1","typ":"JWT"}`
	rs256At  = `{"alg":"RS256","kid":"r1","typ":"at+jwt"}`
	rs256    = `{"alg":"RS256","kid":"r1"}`
)

// TestProfiles holds every row of what issuers write: what is taken, as what, and
// what is refused, as which code.
func TestProfiles(t *testing.T) {
	issuer := newFakeIssuer(t)
	var current string
	var e *engine.Engine
	profile := func(text string) {
		t.Helper()
		c, err := Resolve(conf(t, text+"\nkeys: {file: keys.json}"))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		keys, refused, err := keyset.Parse(issuer.set, c.Uses()...)
		if err != nil || slices.ContainsFunc(refused, func(r keyset.Refused) bool { return !r.Harmless() }) {
			t.Fatal(refused, err)
		}
		e, err = engine.New(engine.Config{Issuers: []engine.Issuer{c.Rules(keyset.Fixed(keys))}, CacheBytes: -1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		current = text
	}
	// accepted: subject, client, token ID, roles, scopes
	f := func(header, payload string, want ...string) {
		t.Helper()
		c, err := e.VerifyAt(issuer.sign(t, header, payload), at)
		if err != nil {
			x := e.ExplainAt(issuer.sign(t, header, payload), at)
			t.Errorf("%s\n%s %s: %v: %s", current, header, payload, err, x.Detail)
			return
		}
		roles := slices.Sorted(c.Roles())
		got := []string{c.Subject(), c.ClientID(), c.TokenID(), strings.Join(roles, ";"), c.ScopeList()}
		if !slices.Equal(got, want) {
			t.Errorf("%s\n%s: %q, want %q", current, payload, got, want)
		}
	}
	refused := func(code, header, payload string) {
		t.Helper()
		token := issuer.sign(t, header, payload)
		if _, err := e.VerifyAt(token, at); engine.Code(err) != code {
			t.Errorf("%s\n%s %s: %v, want %q", current, header, payload, err, code)
		}
		if x := e.ExplainAt(token, at); engine.Code(x.Err) != code || x.Detail == "" {
			t.Errorf("%s\n%s: explained as %v %q, want %q", current, payload, x.Err, x.Detail, code)
		}
	}

	profile("name: https://h/realms/R\nprofile: keycloak\naudiences: [account, orders]")
	keycloak := `"iss":"https://h/realms/R","aud":["account","orders"],"azp":"web","jti":"onrtac:4c2a","typ":"Bearer","sid":"s","acr":"1","allowed-origins":["*"],"scope":"openid email","realm_access":{"roles":["user","Domain Admins"]},"resource_access":{"orders":{"roles":["buyer"]}}` + times
	f(rs256JWT, `{"sub":"u",`+keycloak+`}`, "u", "web", "onrtac:4c2a", "Domain Admins;user", "openid email")
	f(rs256At, `{"sub":"u",`+keycloak+`}`, "u", "web", "onrtac:4c2a", "Domain Admins;user", "openid email")
	f(rs256JWT, `{`+keycloak+`}`, "", "web", "onrtac:4c2a", "Domain Admins;user", "openid email") // 25 on, without scope basic
	f(rs256JWT, `{"sub":"u",`+strings.Replace(keycloak, `["account","orders"]`, `"account"`, 1)+`}`, "u", "web", "onrtac:4c2a", "Domain Admins;user", "openid email")
	refused("claim", rs256JWT, `{"sub":"u",`+strings.Replace(keycloak, `"Bearer"`, `"ID"`, 1)+`}`)
	refused("bound", rs256JWT, `{"sub":"u","cnf":{"jkt":"x"},`+keycloak+`}`)
	refused("issuer", rs256JWT, `{"sub":"u",`+strings.Replace(keycloak, `realms/R"`, `realms/R/"`, 1)+`}`)
	profile("name: https://h/auth/realms/R\nprofile: keycloak\nclaims: {roles: [realm_access.roles, resource_access.orders.roles]}")
	f(rs256JWT, `{"sub":"u",`+strings.NewReplacer(`h/realms`, `h/auth/realms`, `"aud":["account","orders"],`, "").Replace(keycloak)+`}`,
		"u", "web", "onrtac:4c2a", "Domain Admins;buyer;user", "openid email")

	profile("name: https://t.auth0.com/\nprofile: auth0\naudiences: [https://api]\nclaims: {roles: [https://shop.example/roles]}")
	f(rs256JWT, `{"iss":"https://t.auth0.com/","sub":"auth0|6","aud":["https://api","https://t.auth0.com/userinfo"],"azp":"C1","scope":"read","permissions":["p:1","p:2"],"https://shop.example/roles":["r"],"gty":"password"`+times+`}`,
		"auth0|6", "C1", "", "r", "read p:1 p:2")
	f(rs256JWT, `{"iss":"https://t.auth0.com/","sub":"C1@clients","aud":"https://api","azp":"C1","gty":"client-credentials"`+times+`}`, "C1@clients", "C1", "", "", "")
	f(rs256At, `{"iss":"https://t.auth0.com/","sub":"auth0|6","aud":"https://api","client_id":"C1","jti":"j","scope":"read"`+times+`}`, "auth0|6", "C1", "j", "", "read")
	refused("issuer", rs256JWT, `{"iss":"https://t.auth0.com","sub":"auth0|6","aud":"https://api","azp":"C1"`+times+`}`)

	profile("name: https://o.okta.com/oauth2/default\nprofile: okta\naudiences: [api://default]")
	f(rs256, `{"ver":1,"jti":"AT.x","iss":"https://o.okta.com/oauth2/default","aud":"api://default","cid":"0oa","uid":"00u","sub":"a@example.com","scp":["openid","orders"],"groups":["Everyone","Ops Team"]`+times+`}`,
		"a@example.com", "0oa", "AT.x", "Everyone;Ops Team", "openid orders")

	tid := "11111111-2222-3333-4444-555555555555"
	profile("name: https://sts.windows.net/" + tid + "/\nprofile: entra\naudiences: ['api://orders']")
	v1 := `"iss":"https://sts.windows.net/` + tid + `/","aud":"api://orders","appid":"app","oid":"user","sub":"pairwise","uti":"u1","scp":"orders.read","roles":["admin"],"ver":"1.0"` + times
	f(`{"alg":"RS256","kid":"r1","x5t":"r1","typ":"JWT"}`, `{`+v1+`}`, "user", "app", "u1", "admin", "orders.read")
	profile("name: https://login.microsoftonline.com/" + tid + "/v2.0\nprofile: entra\naudiences: [33333333-0000-0000-0000-000000000000]")
	v2 := `"iss":"https://login.microsoftonline.com/` + tid + `/v2.0","aud":"33333333-0000-0000-0000-000000000000","azp":"app","oid":"user","sub":"pairwise","uti":"u1","roles":["admin"],"ver":"2.0"` + times
	f(rs256JWT, `{`+v2+`}`, "user", "app", "u1", "admin", "")
	refused("issuer", rs256JWT, `{`+v1+`}`)
	// Microsoft Graph's own token: the signature is over another header than is sent
	graph := strings.Split(string(issuer.sign(t, `{"alg":"RS256","kid":"r1","typ":"JWT","nonce":"hash of it"}`, `{`+v2+`}`)), ".")
	graph[0] = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"r1","typ":"JWT","nonce":"itself"}`))
	if x := e.ExplainAt([]byte(strings.Join(graph, ".")), at); engine.Code(x.Err) != "signature" || !strings.Contains(x.Detail, "Microsoft Graph") {
		t.Errorf("a token of Graph: %v: %s", x.Err, x.Detail)
	}
	// several tenants, each of them named
	profile("name: https://login.microsoftonline.com/{tid}/v2.0\nprofile: entra\nrequire: {tid: [" + tid + "]}")
	f(rs256JWT, `{"tid":"`+tid+`",`+v2+`}`, "user", "app", "u1", "admin", "")
	refused("issuer", rs256JWT, `{`+strings.Replace(v2, tid, "99999999-2222-3333-4444-555555555555", 1)+`}`)

	pool := `"iss":"https://cognito-idp.eu-west-1.amazonaws.com/pool","sub":"u","client_id":"c","jti":"j","origin_jti":"o","version":2,"scope":"aws.cognito.signin.user.admin","cognito:groups":["admin","ops"]` + times
	profile("name: https://cognito-idp.eu-west-1.amazonaws.com/pool\nprofile: cognito")
	f(rs256, `{"token_use":"access",`+pool+`}`, "u", "c", "j", "admin;ops", "aws.cognito.signin.user.admin")
	refused("claim", rs256, `{"token_use":"id","aud":"c",`+pool+`}`)
	refused("claim", rs256, `{`+pool+`}`)

	profile("name: https://accounts.google.com\nprofile: google\naudiences: [client]\nrequire: {hd: [example.com, example.org], email_verified: true}")
	google := `"aud":"client","azp":"client","sub":"1234567890","hd":"example.org","email":"a@example.org","email_verified":true` + times
	f(rs256JWT, `{"iss":"https://accounts.google.com",`+google+`}`, "1234567890", "client", "", "", "")
	f(rs256JWT, `{"iss":"accounts.google.com",`+google+`}`, "1234567890", "client", "", "", "")
	refused("claim", rs256JWT, `{"iss":"accounts.google.com",`+strings.Replace(google, "example.org", "evil.example", 1)+`}`)
	refused("claim", rs256JWT, `{"iss":"accounts.google.com",`+strings.Replace(google, "true", "false", 1)+`}`)
	profile("name: https://cloud.google.com/iap\nprofile: google\naudiences: [/projects/1/apps/x]")
	f(`{"alg":"ES256","kid":"e1","typ":"JWT"}`, `{"iss":"https://cloud.google.com/iap","aud":"/projects/1/apps/x","azp":"/projects/1/apps/x","sub":"accounts.google.com:1","email":"a@b"`+times+`}`,
		"accounts.google.com:1", "/projects/1/apps/x", "", "", "")

	profile("name: https://securetoken.google.com/PROJECT\nprofile: firebase\naudiences: [PROJECT]\nclaims: {roles: [role]}")
	f(rs256JWT, `{"iss":"https://securetoken.google.com/PROJECT","aud":"PROJECT","sub":"u","user_id":"u","role":"editor","firebase":{"sign_in_provider":"password"}`+times+`}`, "u", "", "", "editor", "")

	profile("name: https://kubernetes.default.svc.cluster.local\nprofile: kubernetes\naudiences: [orders]\nrequire: {kubernetes.io.namespace: shop}")
	k8s := `"iss":"https://kubernetes.default.svc.cluster.local","sub":"system:serviceaccount:shop:web","aud":["orders"],"nbf":1799999990,"kubernetes.io":{"namespace":"shop","pod":{"name":"p"}}`
	f(rs256, `{"jti":"j",`+k8s+times+`}`, "system:serviceaccount:shop:web", "", "j", "", "")
	f(rs256, `{`+k8s+times+`}`, "system:serviceaccount:shop:web", "", "", "", "") // before 1.29
	refused("claim", rs256, `{`+strings.Replace(k8s, `"namespace":"shop"`, `"namespace":"x"`, 1)+times+`}`)
	refused("claim", rs256, `{`+strings.Replace(k8s, `system:serviceaccount:`, `system:node:`, 1)+times+`}`)
	refused("missing_claim", rs256, `{`+k8s+`,"iat":1799999990}`)
	profile("name: kubernetes/serviceaccount\nprofile: kubernetes\noptional: [client_id, jti, aud, iat]")
	refused("missing_claim", rs256, `{"iss":"kubernetes/serviceaccount","sub":"system:serviceaccount:shop:web","kubernetes.io/serviceaccount/namespace":"shop"}`) // legacy: no exp

	gh := `"iss":"https://token.actions.githubusercontent.com","aud":"https://github.com/o","sub":"repo:o/r:ref:refs/heads/main","jti":"j","nbf":1799999990,"repository_owner":"o","ref":"refs/heads/main","job_workflow_ref":"o/r/.github/workflows/x.yml@refs/heads/main"` + times
	profile("name: https://token.actions.githubusercontent.com\nprofile: github-actions\nrequire: {repository_owner: o, ref: refs/heads/main}")
	f(`{"alg":"RS256","kid":"r1","typ":"JWT","x5t":"x"}`, `{`+gh+`}`, "repo:o/r:ref:refs/heads/main", "", "j", "", "")
	refused("claim", rs256JWT, `{`+strings.Replace(gh, `owner":"o"`, `owner":"x"`, 1)+`}`)
	profile("name: https://token.actions.githubusercontent.com\nprofile: github-actions\nrequire: {sub: ['repo:o/*']}")
	f(rs256JWT, `{`+gh+`}`, "repo:o/r:ref:refs/heads/main", "", "j", "", "")

	profile("name: https://gitlab.example\nprofile: gitlab\nrequire: {project_path: [g/p], ref_protected: true, runner_id: 7}")
	gl := `"iss":"https://gitlab.example","sub":"project_path:g/p:ref_type:branch:ref:main","jti":"j","project_path":"g/p","ref_protected":"true","runner_id":7` + times
	f(rs256JWT, `{"aud":"https://api",`+gl+`}`, "project_path:g/p:ref_type:branch:ref:main", "", "j", "", "")
	f(rs256JWT, `{"aud":["https://api"],`+gl+`}`, "project_path:g/p:ref_type:branch:ref:main", "", "j", "", "")
	refused("claim", rs256JWT, `{"aud":"a",`+strings.Replace(gl, `"g/p"`, `"g/x"`, 1)+`}`)

	profile("name: https://inst\nprofile: zitadel\naudiences: ['2001']")
	zitadel := `{"iss":"https://inst","sub":"1","aud":["2001","2002"],"client_id":"c","jti":"j","nbf":1799999990,"urn:zitadel:iam:org:project:roles":{"admin":{"301":"o.example"},"user":{"301":"o.example"}}` + times + `}`
	f(rs256At, zitadel, "1", "c", "j", "admin;user", "")
	f(rs256JWT, zitadel, "1", "c", "j", "admin;user", "")

	profile("name: https://h/application/o/APP/\nprofile: authentik\naudiences: [C]")
	authentik := `"iss":"https://h/application/o/APP/","sub":"u","aud":"C","azp":"C","scope":"openid","groups":["authentik Admins"]` + times
	f(rs256JWT, `{"jti":"j",`+authentik+`}`, "u", "C", "j", "authentik Admins", "openid")
	f(rs256JWT, `{`+authentik+`}`, "u", "C", "", "authentik Admins", "openid")
	if x := e.ExplainAt(issuer.sign(t, `{"alg":"HS256","typ":"JWT"}`, `{`+authentik+`}`), at); engine.Code(x.Err) != "algorithm" || !strings.Contains(x.Detail, "choose a signing key there") {
		t.Errorf("authentik without a signing key: %v: %s", x.Err, x.Detail)
	}

	profile("name: https://h/\nprofile: hydra")
	f(rs256JWT, `{"iss":"https://h/","sub":"u","aud":[],"client_id":"c","jti":"j","scp":["a","b"],"ext":{"roles":["r"]},"nbf":1799999990`+times+`}`, "u", "c", "j", "r", "a b")

	profile("name: https://h/dex\nprofile: dex\naudiences: [web]")
	dex := `"iss":"https://h/dex","sub":"CgNib2I","groups":["Domain Users","ops"],"federated_claims":{"connector_id":"ldap"}` + times
	f(rs256, `{"aud":"web",`+dex+`}`, "CgNib2I", "", "", "Domain Users;ops", "")
	f(rs256, `{"aud":["web","x"],"azp":"web",`+dex+`}`, "CgNib2I", "web", "", "Domain Users;ops", "")

	profile("name: https://TEAM.cloudflareaccess.com\nprofile: cloudflare-access\naudiences: [tag]")
	cf := `"iss":"https://TEAM.cloudflareaccess.com","aud":["tag"],"type":"app","nbf":1799999990` + times
	f(rs256, `{"sub":"u","email":"a@b",`+cf+`}`, "u", "", "", "", "")
	f(rs256, `{"sub":"","common_name":"svc.access",`+cf+`}`, "svc.access", "svc.access", "", "", "")
	refused("claim", rs256, `{"sub":"u",`+strings.Replace(cf, `"app"`, `"org"`, 1)+`}`)
	refused("missing_claim", rs256, `{"sub":"",`+cf+`}`)

	profile("name: spiffe://td.example\nprofile: spiffe\naudiences: [orders]")
	es256 := `{"alg":"ES256","kid":"e1"}`
	for _, header := range []string{es256, `{"alg":"ES256","kid":"e1","typ":"JWT"}`, `{"alg":"ES256","kid":"e1","typ":"JOSE"}`} {
		f(header, `{"sub":"spiffe://td.example/shop","aud":"orders","exp":1800000300}`, "spiffe://td.example/shop", "", "", "", "")
	}
	f(es256, `{"sub":"spiffe://td.example/shop","aud":["orders"],"exp":1800000300}`, "spiffe://td.example/shop", "", "", "", "")
	refused("missing_claim", es256, `{"sub":"spiffe://other.example/shop","aud":"orders","exp":1800000300}`)
	refused("missing_claim", es256, `{"sub":"spiffe://td.example/shop","aud":"orders"}`)
	refused("missing_claim", es256, `{"sub":"spiffe://td.example/shop","exp":1800000300}`)

	profile("name: https://rfc.example\naudiences: [orders]")
	plain := `{"iss":"https://rfc.example","sub":"u","aud":"orders","client_id":"c","jti":"j","scope":"a b","roles":["r"]` + times + `}`
	f(rs256At, plain, "u", "c", "j", "r", "a b")
	refused("type", rs256JWT, plain)
	// Authelia, PingOne and Apple have no profile of their own: three keys do
	profile("name: https://auth.pingone.com/ENV/as\ntypes: [none, JWT, at+jwt]")
	ping := strings.Replace(plain, "https://rfc.example", "https://auth.pingone.com/ENV/as", 1)
	for _, header := range []string{rs256, rs256JWT, rs256At} {
		f(header, ping, "u", "c", "j", "r", "a b")
	}
	profile("name: https://appleid.apple.com\ntypes: [none]\noptional: [client_id, jti]\nrequire: {email_verified: true}")
	for _, verified := range []string{`true`, `"true"`} {
		f(rs256, `{"iss":"https://appleid.apple.com","sub":"u","aud":"bundle","email_verified":`+verified+times+`}`, "u", "", "", "", "")
	}
	// an issuer's clock is ahead
	f(rs256, `{"iss":"https://appleid.apple.com","sub":"u","aud":"bundle","email_verified":true,"iat":1800000002,"exp":1800003600}`, "u", "", "", "", "")
	refused("not_yet_valid", rs256, `{"iss":"https://appleid.apple.com","sub":"u","aud":"bundle","email_verified":true,"iat":1800000031,"exp":1800003600}`)
}

func TestResolveRefuses(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if _, err := Resolve(conf(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %s", text, err, want)
		}
	}
	f("profile: okta", "name: required")
	f("name: https://x\nprofile: keyclaok", `profile: "keyclaok" is none; want one of auth0, authentik`)
	f("name: https://x\nskew: 61s", "skew: want 0s to 60s")
	f("name: https://x\nkeys: {url: https://x/k, file: k}", "keys: give url or file, not both")
	f("name: https://x\nkeys: {url: x/k}", "keys.url: want http")
	f("name: https://x\nkeys: {cert_file: c}", "belong together")
	f("name: https://x\nkeys: {bearer: {file: a, env: B}}", "keys.bearer: give file or env")
	f("name: x", "keys: name is no URL")
	f("name: https://{t}/x\nrequire: {t: a}", "keys.url: a name with braces")
	f("name: https://{t}/x\nkeys: {file: k}", "needs a rule of require called t")
	f("name: spiffe://td\nprofile: spiffe", "keys: profile spiffe has no document")
	f("name: https://td\nprofile: spiffe\nkeys: {file: k}", "name: profile spiffe wants")
	f("name: https://x\nalgorithms: [HS256]", `algorithm "HS256"`)
	f("name: https://x\noptional: [exp]", `"exp" cannot be optional`)
	f("name: https://x\nrequire: {cnf: x}", "no rule can be made for cnf")
	f("name: https://x\nrequire: {hd: []}", "allows nothing")
	f("name: https://x\nintrospection: {client_id: c}", "introspection.url: required")
	f("name: https://x\nintrospection: {url: x}", "introspection.url: want")
	f("name: https://x\nintrospection: {url: https://x, client_id: c, client_secret: {file: f}, auth: digest}", "introspection.auth: want basic, body or bearer")
	f("name: https://x\nintrospection: {url: https://x, client_secret: {file: f}}", "introspection.client_id: required")
	f("name: https://x\nintrospection: {url: https://x, client_id: c}", "introspection.client_secret: required")
	// everybody on GitHub would pass
	for _, rule := range []string{"", "\nrequire: {ref: refs/heads/main}", "\nrequire: {repository_owner: '*'}", "\nrequire: {sub: 'repo:*'}", "\nrequire: {sub: 'rep*'}", "\nrequire: {repository_owner: [o, '']}"} {
		f("name: https://token.actions.githubusercontent.com\nprofile: github-actions"+rule, "require: profile github-actions needs a rule for sub or repository_owner")
	}
	f("name: https://gitlab.example\nprofile: gitlab\nrequire: {ref_protected: true}", "require: profile gitlab needs a rule")
}

// A profile is data: what is printed reads as what is used.
func TestDescribe(t *testing.T) {
	want := strings.Fields("auth0 authentik cloudflare-access cognito dex entra firebase github-actions gitlab google hydra keycloak kubernetes okta rfc9068 spiffe zitadel")
	if got := Profiles(); !slices.Equal(got, want) {
		t.Errorf("profiles %q, want %q", got, want)
	}
	for _, name := range Profiles() {
		text, err := Describe(name)
		if err != nil {
			t.Fatal(err)
		}
		printed := conf(t, text)
		p, _ := profile(name)
		resolved := func(c Issuer) string {
			c.Name, c.Keys.File, c.Profile = "spiffe://td.example", "k", name
			if len(p.demands) > 0 {
				c.Require = map[string]Values{p.demands[0]: {"x"}}
			}
			r, err := Resolve(c)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			r.Keys = Keys{}
			for _, to := range []struct {
				paths *[]string
				usual []string
			}{{&r.Claims.Subject, []string{"sub"}}, {&r.Claims.Client, []string{"client_id"}}, {&r.Claims.ID, []string{"jti"}}, {&r.Claims.Roles, []string{"roles"}}, {&r.Claims.Scopes, []string{"scope", "scp"}}} {
				if *to.paths == nil {
					*to.paths = to.usual
				}
			}
			b, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		if a, b := resolved(printed), resolved(Issuer{}); a != b {
			t.Errorf("%s prints\n%s\nwhich is %s\nand not  %s", name, text, a, b)
		}
	}
	if _, err := Describe("nosuch"); err == nil || !strings.Contains(err.Error(), "want one of auth0") {
		t.Error(err)
	}
}
