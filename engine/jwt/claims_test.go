package jwt

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/engine/claims"
)

// required are the claims of RFC 9068, section 2.2, as members.
const required = `"iss":"i","exp":2000000000,"aud":"a","sub":"s","client_id":"c","iat":1800000000,"jti":"j"`

// parsePayload is a token with payload, of which only that matters.
func parsePayload(t testing.TB, payload string) *Token {
	t.Helper()
	token, err := Parse(compact(goodHeader, payload, "signature"))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func mapping(t testing.TB, p Paths) *Mapping {
	t.Helper()
	m, err := NewMapping(p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestClaims(t *testing.T) {
	payload := `{` + required + `,"nbf":1799999999.25,"sid":"session","scope":"read  write","scp":["admin:read"],"roles":["r1","r2"],` +
		`"other":{"iss":"not this one","list":[1,2,{"sub":"nor this"}]}}`
	token := parsePayload(t, payload)
	c, copied, err := token.ClaimsAndCopy(nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Issuer() != "i" || c.Subject() != "s" || c.ClientID() != "c" || c.TokenID() != "j" || c.SessionID() != "session" ||
		c.KeyID() != "k1" || c.ExpiresAt() != 2000000000000 || c.IssuedAt() != 1800000000000 || c.NotBefore() != 1799999999250 ||
		c.ScopeList() != "read write admin:read" || c.RoleList() != "r1,r2" || c.Payload() != payload ||
		!slices.Equal(slices.Collect(c.Audience()), []string{"a"}) {
		t.Errorf("%+v", c)
	}
	if want := string(compact(goodHeader, payload, "signature")); copied != want {
		t.Errorf("the copy is %s, want %s", copied, want)
	}
}

// Claims share no memory with the token they were made of.
func TestClaimsOwnTheirMemory(t *testing.T) {
	raw := compact(`{"alg":"EdDSA","kid":"key"}`, `{`+required+`,"roles":["r1","r\u0032"],"scope":"x y"}`, "s")
	token := new(Token)
	if err := token.Parse(raw, nil); err != nil {
		t.Fatal(err)
	}
	want := string(raw)
	c, copied, err := token.ClaimsAndCopy(nil)
	if err != nil {
		t.Fatal(err)
	}
	clear(raw)
	clear(token.memory[:cap(token.memory)])
	token.Release()
	clear(token.names[:cap(token.names)])
	if copied != want || c.Issuer() != "i" || c.KeyID() != "key" || c.RoleList() != "r1,r2" || c.ScopeList() != "x y" || !strings.HasPrefix(c.Payload(), `{"iss"`) {
		t.Errorf("%+v", c)
	}
}

func TestClaimsValues(t *testing.T) {
	f := func(members string, want func(*claims.Claims) bool) {
		t.Helper()
		c, err := parsePayload(t, `{`+required+members+`}`).Claims(nil)
		if err != nil || !want(c) {
			t.Errorf("%s: %+v, %v", members, c, err)
		}
	}
	scopes := func(want string) func(*claims.Claims) bool {
		return func(c *claims.Claims) bool { return c.ScopeList() == want }
	}
	roles := func(want ...string) func(*claims.Claims) bool {
		return func(c *claims.Claims) bool { return slices.Equal(slices.Collect(c.Roles()), want) }
	}
	// a string of scopes, an array of scopes, or both
	f(`,"scope":""`, scopes(""))
	f(`,"scope":" a  b "`, scopes("a b"))
	f(`,"scope":["a","b c","d"]`, scopes("a d"))
	f(`,"scp":"a b"`, scopes("a b"))
	f(`,"scp":["c"],"scope":"a b"`, scopes("a b c"))
	// what is no scope-token (RFC 6749, section 3.3) is not granted
	f(`,"scope":"a \u0000 \u0009b c\"d é e\\f g"`, scopes("a g"))
	f(`,"roles":["a","b"]`, roles("a", "b"))
	f(`,"roles":"a"`, roles("a"))
	f(`,"roles":[]`, roles())
	// a role is any text
	f(`,"roles":["CN=Ops,OU=Groups","Domain Admins","d\u0000","","ü"]`, roles("CN=Ops,OU=Groups", "Domain Admins", "d\x00", "ü"))
	f(`,"roles":"a admin"`, roles("a admin"))
	// an object's names, an object's value or else name, an array's elements
	f(`,"roles":{"b":{"org":"x"},"\u0061":[],"c":1,"d":"","e":true,"f":false,"g":null}`, roles("b", "a", "c", "d", "e"))
	f(`,"roles":[{"value":"v"},{"name":"n"},{"name":"n2","value":"v2"},{"value":1,"name":"n3"},{"value":null},{"other":"x"},"s",1,null,true,["x"]]`,
		roles("v", "n", "v2", "n3", "s"))
	f(`,"roles":{"value":"v","other":"x"}`, roles("v"))
	f(`,"roles":{"name":{"x":1}}`, roles("name"))
	// what holds no text holds no roles and no scopes
	for _, v := range []string{`null`, `1`, `true`, `false`, `{}`, `[1]`, `[[["x"]]]`, `[{}]`, `""`} {
		f(`,"roles":`+v+`,"scope":`+v+`,"scp":`+v, roles())
		f(`,"roles":`+v+`,"scope":`+v+`,"scp":`+v, scopes(""))
	}
	// Roles is not roles
	f(`,"Roles":["admin"]`, roles())
	f(`,"Roles":["admin"],"roles":["r"]`, roles("r"))
	f(`,"sid":1`, func(c *claims.Claims) bool { return c.SessionID() == "" })
	// more names than fit into the claims themselves
	f(`,"roles":["1","2","3","4","5","6","7","8","9"],"scope":"a b c"`, roles("1", "2", "3", "4", "5", "6", "7", "8", "9"))
	f(`,"roles":["1","2","3","4","5","6","7","8","9"],"scope":"a b c"`, scopes("a b c"))
	// escapes
	f(`,"sid":"\ud83d\ude00\u0022"`, func(c *claims.Claims) bool { return c.SessionID() == `😀"` })
	f(`,"\u0073id":"x"`, func(c *claims.Claims) bool { return c.SessionID() == "x" })
	// a Kelvin sign in a name that folds to none of ours
	f(`,"\u212a":1,"ISSUER":2,"Expiry":3`, scopes(""))
}

func TestScanRefuses(t *testing.T) {
	f := func(payload string, want error) {
		t.Helper()
		if err := parsePayload(t, payload).Scan(); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", payload, err, want)
		}
	}
	f(``, errJSON)
	f(`null`, errJSON)
	f(`"text"`, errJSON)
	f(`[{`+required+`}]`, errJSON)
	f(`{`+required, errJSON)
	f(`{`+required+`} x`, errJSON)
	f("\ufeff{"+required+"}", errJSON)
	f(`eyJhbGciOiJFZERTQSJ9.e30.AA`, errJSON) // a token in a token
	f(`{`+required+`,"iss":"i"}`, errDuplicate)
	f(`{`+required+`,"\u0069ss":"j"}`, errDuplicate)
	f(`{`+required+`,"x":{"y":1,"y":2}}`, errDuplicate)
	f(`{`+required+`,"x":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`}`, errDepth)
	f("{"+required+",\"x\":\"\xff\"}", errUTF8)
	for _, name := range []string{"ISS", "Iss", "iSs", "Sub", "AUD", "Exp", "Nbf", "Iat", "JTI", "Client_Id", "Sid", "Scope", "SCP", "CNF", `\u0049ss`, `i\u017fs`, "iſs", "\u017fub"} {
		f(`{`+required+`,"`+name+`":"x"}`, errCase)
	}
	for _, name := range []string{"iss", "sub", "jti"} {
		for _, v := range []string{`1`, `true`, `["x"]`, `{"x":1}`} {
			f(`{"`+name+`":`+v+`}`, errType)
		}
	}
	for _, name := range []string{"aud"} {
		for _, v := range []string{`1`, `false`, `{}`, `[1]`, `["x",null]`, `[["x"]]`, `[{}]`} {
			f(`{"`+name+`":`+v+`}`, errType)
		}
	}
	for _, name := range []string{"exp", "nbf", "iat"} {
		for _, v := range []string{`"2000000000"`, `true`, `[2000000000]`, `{}`} {
			f(`{"`+name+`":`+v+`}`, errType)
		}
		for _, v := range []string{`1e400`, `-1e400`, `9223372036854775808`, `9223372036854775807`, `9007199254740993`, `-9007199254740993`, `1e99999999999`} {
			f(`{"`+name+`":`+v+`}`, errDate)
		}
		for _, v := range []string{`NaN`, `Infinity`, `0x10`, `01`, `1.`, `+1`, ``} {
			f(`{"`+name+`":`+v+`}`, ErrMalformed)
		}
	}
}

func TestClaimsMissing(t *testing.T) {
	without := func(name string) string {
		var left []string
		for m := range strings.SplitSeq(required, ",") {
			if !strings.HasPrefix(m, `"`+name+`"`) {
				left = append(left, m)
			}
		}
		return `{` + strings.Join(left, ",") + `}`
	}
	for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} {
		payloads := []string{without(name)}
		if name != "exp" && name != "iat" {
			payloads = append(payloads, strings.Replace(without(name), `{`, `{"`+name+`":"",`, 1))
		}
		payloads = append(payloads, strings.Replace(without(name), `{`, `{"`+name+`":null,`, 1))
		if name == "aud" {
			payloads = append(payloads, strings.Replace(without(name), `{`, `{"aud":[],`, 1), strings.Replace(without(name), `{`, `{"aud":[""],`, 1))
		}
		for _, payload := range payloads {
			if c, err := parsePayload(t, payload).Claims(nil); !errors.Is(err, claims.ErrMissingClaim) {
				t.Errorf("%s: %v, %v", payload, c, err)
			}
			if _, err := NewMapping(Paths{Optional: []string{name}}); err != nil {
				if !errors.Is(err, ErrMapping) || slices.Contains(OptionalClaims(), name) {
					t.Errorf("%s optional: %v", name, err)
				}
				continue
			}
			if _, err := parsePayload(t, payload).Claims(mapping(t, Paths{Optional: []string{name}})); err != nil {
				t.Errorf("%s, %s optional: %v", payload, name, err)
			}
		}
	}
}

func TestMapping(t *testing.T) {
	f := func(p Paths, members string, roles, scopes, client string) {
		t.Helper()
		c, err := parsePayload(t, `{`+strings.Replace(required, `"client_id":"c",`, "", 1)+`,`+members+`}`).Claims(mapping(t, p))
		if err != nil || c.RoleList() != roles || c.ScopeList() != scopes || c.ClientID() != client {
			t.Errorf("%+v of %s: %+v, %v", p, members, c, err)
		}
	}
	any := []string{"client_id"}
	keycloak := Paths{Roles: []string{"realm_access.roles", "resource_access.orders.roles"}, Client: []string{"azp"}}
	f(keycloak, `"azp":"web","realm_access":{"roles":["user"]},"resource_access":{"orders":{"roles":["buyer","seller"]},"other":{"roles":["x"]}},"scope":"openid"`,
		"user,buyer,seller", "openid", "web")
	// what is not there grants nothing
	f(Paths{Roles: []string{"realm_access.roles"}, Optional: any}, `"roles":["r"],"realm_access":{}`, "", "", "")
	f(Paths{Roles: []string{"realm_access.roles"}, Optional: any}, `"realm_access":"{\"roles\":[\"r\"]}"`, "", "", "")
	f(Paths{Roles: []string{"realm_access.roles"}, Optional: any}, `"realm_access":["roles"]`, "", "", "")
	// a claim with dots in its name is meant before a nested one
	f(Paths{Roles: []string{"https://a.example/roles"}, Optional: any}, `"https://a.example/roles":["r"]`, "r", "", "")
	f(Paths{Roles: []string{"a.b"}, Optional: any}, `"a":{"b":["nested"]},"a.b":["whole"]`, "whole", "", "")
	f(Paths{Roles: []string{"a.b"}, Optional: any}, `"\u0061":{"\u0062":"r\u0031"}`, "r1", "", "")
	// scopes in another claim: then not in the usual ones
	f(Paths{Scopes: []string{"permissions"}, Optional: any}, `"permissions":["a","b"],"scope":"c"`, "", "a b", "")
	f(Paths{Scopes: []string{"permissions", "scope"}, Optional: any}, `"permissions":"a b","scope":"c"`, "", "a b c", "")
	f(Paths{Roles: []string{"groups", "roles"}, Optional: any}, `"groups":"g","roles":["r"]`, "g,r", "", "")
	// the first that is there, and no others
	f(Paths{Client: []string{"azp"}}, `"client_id":"c1","azp":"c2"`, "", "", "c2")
	f(Paths{Client: []string{"client_id", "azp"}}, `"client_id":"c1","azp":"c2"`, "", "", "c1")
	f(Paths{Client: []string{"client_id", "azp"}}, `"client_id":"","azp":"c2"`, "", "", "c2")
	f(Paths{Client: []string{"a.b", "azp"}}, `"a":{"b":1},"azp":"c2"`, "", "", "c2")
	// any shape, at any path
	f(Paths{Roles: []string{"a.b"}, Optional: any}, `"a":{"b":{"c":"d"}}`, "c", "", "")
	f(Paths{Roles: []string{"a.b"}, Optional: any}, `"a":{"b":["c",1,{"value":"v"}]}`, "c,v", "", "")
	for _, v := range []string{`{"b":1}`, `null`, `{"b":null}`, `[]`, `"x"`} {
		f(Paths{Roles: []string{"a.b"}, Scopes: []string{"a.b"}, Optional: any}, `"a":`+v, "", "", "")
	}
	f(Paths{Roles: []string{"Roles"}, Optional: any}, `"Roles":"r","roles":"x"`, "r", "", "")
	// Entra: the subject and the token have other names; the first that is there
	c, err := parsePayload(t, `{"iss":"i","exp":2,"aud":"a","iat":1,"appid":"c","sub":"pairwise","oid":"user","uti":"u"}`).Claims(mapping(t, Paths{
		Subject: []string{"oid", "sub"}, Client: []string{"azp", "appid"}, TokenID: []string{"jti", "uti"}}))
	if err != nil || c.Subject() != "user" || c.ClientID() != "c" || c.TokenID() != "u" {
		t.Errorf("%+v, %v", c, err)
	}
	// without iss, where the mapping says whose they are
	c, err = parsePayload(t, `{"exp":2,"aud":"a","sub":"spiffe://td/x"}`).Claims(mapping(t, Paths{Issuer: "spiffe://td", Optional: []string{"iat", "jti", "client_id"}}))
	if err != nil || c.Issuer() != "spiffe://td" || c.IssuedAt() != 0 {
		t.Errorf("%+v, %v", c, err)
	}
	f(Paths{Client: []string{"azp", "appid", "cid"}}, `"cid":"c3","appid":"c2"`, "", "", "c2")
}

func TestNewMappingRefuses(t *testing.T) {
	f := func(p Paths) {
		t.Helper()
		if _, err := NewMapping(p); !errors.Is(err, ErrMapping) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	f(Paths{Roles: []string{""}})
	f(Paths{Scopes: []string{"a..b"}})
	f(Paths{Client: []string{".a"}})
	f(Paths{Optional: []string{"exp"}})
	f(Paths{Optional: []string{"roles"}})
}

func TestDecode(t *testing.T) {
	var v struct{ A []int }
	if err := Decode([]byte(`{"A":[1,2]}`), &v); err != nil || !slices.Equal(v.A, []int{1, 2}) {
		t.Errorf("%v, %v", v, err)
	}
	if err := Decode([]byte(`{"A":[1],"A":[2]}`), &v); !errors.Is(err, errDuplicate) {
		t.Error(err)
	}
	if err := Decode([]byte(`{"A":"x"}`), &v); err == nil {
		t.Error("a string was decoded into a list")
	}
}

// A Token reused tells nothing of what it held before.
func TestTokenReuse(t *testing.T) {
	token := new(Token)
	f := func(payload string) *claims.Claims {
		t.Helper()
		if err := token.Parse(compact(goodHeader, payload, "s"), nil); err != nil {
			t.Fatal(err)
		}
		c, err := token.Claims(nil)
		if err != nil {
			t.Fatal(err)
		}
		token.Release()
		return c
	}
	first := f(`{` + required + `,"sid":"x","scope":"a b","roles":["r","\u0073"],"nbf":1}`)
	second := f(`{` + required + `}`)
	if second.SessionID() != "" || second.ScopeList() != "" || second.RoleList() != "" || second.NotBefore() != 0 {
		t.Errorf("%+v", second)
	}
	if first.ScopeList() != "a b" || first.RoleList() != "r,s" {
		t.Errorf("%+v", first)
	}
}

// Reading a token whose header is known takes no allocation, and its claims two:
// one copy of the text and the claims.
func TestAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	raw := compact(goodHeader, `{`+required+`,"scope":"a b","roles":["r"],"x":{"y":[1]}}`, strings.Repeat("s", 64))
	keycloak := mapping(t, Paths{Roles: []string{"x.y", "roles"}, Client: []string{"azp", "client_id"}})
	var known Headers
	token := new(Token)
	if err := token.Parse(raw, nil); err != nil {
		t.Fatal(err)
	}
	known.Learn(token)
	f := func(what string, want float64, do func() error) {
		t.Helper()
		got := testing.AllocsPerRun(100, func() {
			if err := do(); err != nil {
				t.Fatal(err)
			}
		})
		if got != want {
			t.Errorf("%s: %v allocations, want %v", what, got, want)
		}
	}
	f("Parse and Scan", 0, func() error { return errors.Join(token.Parse(raw, &known), token.Scan()) })
	f("and Claims", 2, func() error {
		_, err := token.Claims(nil)
		return errors.Join(token.Parse(raw, &known), err)
	})
	f("and a copy", 2, func() error {
		_, _, err := token.ClaimsAndCopy(nil)
		return errors.Join(token.Parse(raw, &known), err)
	})
	bad := bytes.Clone(raw)
	bad[len(bad)-1] = '='
	f("Claims of another mapping", 2, func() error {
		_, err := token.Claims(keycloak)
		return errors.Join(token.Parse(raw, &known), err)
	})
	flood := bytes.Repeat([]byte("."), MaxSize)
	f("refusing", 0, func() error {
		if token.Parse(bad, &known) == nil || token.Parse(flood, &known) == nil || token.Parse(bad[:20], &known) == nil {
			return errors.New("accepted")
		}
		return nil
	})
}

func FuzzToken(f *testing.F) {
	f.Add(compact(goodHeader, `{`+required+`,"roles":["r\u0031"],"scope":"a b","nbf":1.5e9}`, "s"))
	f.Add(compact(goodHeader, `{"a":{"b":["c"]},"iss":1}`, "s"))
	m := mapping(f, Paths{Roles: []string{"a.b", "roles"}, Client: []string{"azp"}})
	reused := new(Token)
	f.Fuzz(func(t *testing.T, raw []byte) {
		token, err := Parse(raw)
		if again := reused.Parse(raw, nil); !errors.Is(again, err) {
			t.Fatalf("%v with memory, %v without", again, err)
		}
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrAlgorithm) {
				t.Fatalf("%v is neither", err)
			}
			return
		}
		// base64url is canonical: the parts spell the token again
		if got := string(token.Signed) + "." + base64.RawURLEncoding.EncodeToString(token.Signature); got != string(raw) {
			t.Errorf("%q became %q", raw, got)
		}
		if scan := token.Scan(); (scan == nil) && !oracle(token.Payload) {
			t.Errorf("%q was accepted, but not by the oracle", token.Payload)
		}
		c, err := token.Claims(m)
		if err == nil && (c.Issuer() == "" || c.ExpiresAt() > maxDate || c.ExpiresAt() < -maxDate) {
			t.Errorf("%+v", c)
		}
		if _, again := reused.Claims(m); !errors.Is(again, err) {
			t.Errorf("%v with memory, %v without", again, err)
		}
	})
}
