package engine_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/engine/revocation"
)

// world is some issuers as the engine and as the twin know them, with the private
// keys to make tokens.
type world struct {
	issuers []engine.Issuer
	twin    twin
	signers map[string]signer // by kid
}

type signer struct {
	alg  string
	sign func(message []byte) []byte
}

// newWorld has an issuer of each sort. The kid k1 is a key of two issuers, and not
// the same key.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{signers: make(map[string]signer)}
	w.twin.issuers = make(map[string]twinIssuer)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(crand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]keyset.Public)
	for _, kid := range []string{"k1", "k2", "k1 of another"} {
		private := privateKey(kid)
		keys[kid] = keyset.Public{ID: kid, Algorithm: "EdDSA", Key: private.Public()}
		w.signers[kid] = signer{"EdDSA", func(m []byte) []byte { s, _ := private.Sign(nil, m, crypto.Hash(0)); return s }}
	}
	digest := func(h crypto.Hash, m []byte) []byte { d := h.New(); d.Write(m); return d.Sum(nil) }
	keys["e"] = keyset.Public{ID: "e", Algorithm: "ES256", Key: &p256.PublicKey}
	w.signers["e"] = signer{"ES256", func(m []byte) []byte {
		r, s, err := ecdsa.Sign(crand.Reader, p256, digest(crypto.SHA256, m))
		if err != nil {
			t.Fatal(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}}
	keys["r"] = keyset.Public{ID: "r", Algorithm: "RS256", Key: &rsaKey.PublicKey}
	w.signers["r"] = signer{"RS256", func(m []byte) []byte {
		s, err := rsa.SignPKCS1v15(nil, rsaKey, crypto.SHA256, digest(crypto.SHA256, m))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}}
	other := keys["k1 of another"]
	other.ID = "k1"

	revoked := revocation.NewSet()
	revoked.Apply(revocation.Batch{Events: []revocation.Event{{Kind: revocation.Token, ID: "revoked", Expires: now.Add(1000 * time.Hour).Unix()}}})
	add := func(i engine.Issuer, v twinIssuer, set ...keyset.Public) {
		i.Keys = keyset.Fixed(parse(t, set...))
		for _, k := range set {
			v.keys = append(v.keys, twinKey{k.ID, k.Algorithm, k.Key})
		}
		v.audiences, v.algorithms, v.types, v.optional, v.require = i.Audiences, i.Algorithms, i.Types, i.OptionalClaims, i.Require
		v.skew, v.maxLifetime = i.Skew.Milliseconds(), i.MaxLifetime.Milliseconds()
		w.issuers = append(w.issuers, i)
		w.twin.issuers[i.Name] = v
	}
	add(engine.Issuer{Name: issuerName, Audiences: []string{audience, "reports"}, Revocations: revoked},
		twinIssuer{revokedTokens: map[string]bool{"revoked": true}}, keys["k1"], keys["k2"], keys["e"], keys["r"])
	second := keys["k2"] // another key of the same name
	second.ID = "k1"
	add(engine.Issuer{Name: "https://other.example", Types: []string{"JWT", "none"}, Algorithms: []string{"EdDSA", "ES256"}, Skew: 30 * time.Second,
		MaxLifetime: time.Hour, RoleClaims: []string{"realm_access.roles"}, ClientClaims: []string{"azp"}, OptionalClaims: []string{"jti", "iat"},
		Require: map[string][]string{"tier": {"gold", "s*", "1"}}},
		twinIssuer{rolePath: []string{"realm_access", "roles"}, clientPath: []string{"azp"}}, other, second, keys["e"], keys["r"])
	return w
}

// pick is one of list.
func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// texts are pieces of JSON to put where something else belongs.
var texts = []string{
	`null`, `true`, `1`, `-1`, `"x"`, `""`, `[]`, `{}`, `["orders"]`, `["a","b"]`, `[1]`, `[null]`, `{"roles":["nested"]}`, `"a b"`, `"a,b"`, `["a,b","c d","e"]`,
	`"\ud83d\ude00"`, `"\ud83d"`, `"\u0000"`, `"é"`, "\"\xff\"", `1e400`, `1e3`, `1.5`, `01`, `9007199254740992`, `9007199254740993`, `-9007199254740992`,
	`9223372036854775808`, `1800000000.9999`, `18e8`, `"1800000000"`, `{"a":1,"a":2}`, `[[[[[[[[[[]]]]]]]]]]`, `NaN`, `"https://issuer.example"`,
	`[{"value":"v"},{"name":"n","value":1},{"name":"n"},"s",null,{"x":"y"}]`, `{"admin":{"1":"x"},"off":false,"gone":null,"on":true}`, `{"value":"v"}`,
	`["x",{"y":["z",{"z":null}]}]`, `{"roles":null}`, `{"roles":"r"}`, `{"roles":{"x":1}}`, strings.Repeat("[", 31) + strings.Repeat("]", 31), strings.Repeat("[", 32) + strings.Repeat("]", 32),
}

// names are members that should not be there, or not that way.
var names = []string{
	"iss", "ISS", "sub", "Sub", "aud", "exp", "EXP", "nbf", "iat", "jti", "client_id", "Client_ID", "sid", "scope", "scp", "Scp", "roles", "Roles", "realm_access",
	"realm_access.roles", `\u0069ss`, `\u0049ss`, `i\u017fs`, "x", "y", "", "é", "cnf", "Cnf", "tier", "azp", "Scope", "alg", "kid", "typ", "crit", "b64", "zip", "enc", "jku", "jwk", "KID", `\u212aid`, "cty", "x5c",
}

// object writes members in any order, now and then with one changed, added, taken
// away or repeated.
func object(r *rand.Rand, members map[string]string) string {
	order := slices.Sorted(maps.Keys(members))
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	var list []string
	for _, name := range order {
		value := members[name]
		switch r.IntN(200) {
		case 0:
			continue
		case 1:
			value = pick(r, texts...)
		case 2:
			name = pick(r, names...)
		case 3:
			list = append(list, `"`+name+`":`+pick(r, texts...))
		}
		list = append(list, `"`+name+`":`+value)
	}
	if r.IntN(10) == 0 {
		list = slices.Insert(list, r.IntN(len(list)+1), `"`+pick(r, names...)+`":`+pick(r, texts...))
	}
	space := pick(r, "", "", "", " ", "\n\t ")
	return pick(r, "", "", "", " ", "\n") + "{" + space + strings.Join(list, space+","+space) + space + "}" + space
}

// quote is s as JSON, or as JSON that escapes more than it needs to.
func quote(r *rand.Rand, s string) string {
	if r.IntN(20) == 0 {
		var b strings.Builder
		for _, c := range s {
			fmt.Fprintf(&b, `\u%04x`, c)
		}
		return `"` + b.String() + `"`
	}
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// token makes a token that is mostly right.
func (w *world) token(r *rand.Rand) []byte {
	kid := pick(r, "k1", "k1", "k1", "k1", "k2", "k2", "e", "k1 of another")
	if r.IntN(50) == 0 {
		kid = "r" // signing takes a millisecond
	}
	by := w.signers[kid]
	iss, typ := issuerName, "at+jwt"
	if kid == "k1 of another" || r.IntN(8) == 0 {
		iss, typ = "https://other.example", "JWT"
	}
	header := map[string]string{"alg": quote(r, by.alg), "kid": quote(r, strings.TrimSuffix(kid, " of another")), "typ": quote(r, typ)}
	switch r.IntN(40) {
	case 0:
		header["alg"] = pick(r, `"none"`, `"None"`, `"HS256"`, `"RS256"`, `"ES256"`, `"EdDSA"`, `"Ed25519"`, `"PS256"`, `""`, `null`)
	case 1:
		header["kid"] = pick(r, `"k1"`, `"k2"`, `"e"`, `"missing"`, `"../k1"`, `""`, `null`)
	case 2:
		header["typ"] = pick(r, `"at+jwt"`, `"JWT"`, `"application/at+jwt"`, `"AT+JWT"`, `"jwt"`, `"Application/jwt"`, `"application/"`, `"none"`, `"token-introspection+jwt"`, `""`, `null`)
	case 3:
		delete(header, "kid")
	}
	at := now.Unix()
	second := func(from, to int64) string {
		return fmt.Sprint(at+from+r.Int64N(to-from), pick(r, "", "", "", ".0", ".25", ".999", ".0001"))
	}
	payload := map[string]string{
		"iss": quote(r, iss), "sub": quote(r, pick(r, "customer-1", "ü", "a\"b\\c")), "client_id": quote(r, "first-party"),
		"jti": quote(r, pick(r, "1", "2", "3", "revoked")), "aud": pick(r, `"orders"`, `["x","orders"]`, `["reports"]`),
		"iat": second(-100, -1), "exp": second(100, 1000), "scope": quote(r, pick(r, "a b", "", " a  c ", "a\tb é", "x\"y z")),
		"roles": pick(r, `["customer","beta"]`, `[]`, `"admin"`, `["a,b","c d","\u0065"]`, `["1","2","3","4","5","6","7","8","9","10"]`),
	}
	if iss != issuerName {
		payload["azp"] = quote(r, "web")
		payload["tier"] = pick(r, `"gold"`, `"gold"`, `"silver"`, `["x","gold"]`, `1`, `["x",1]`, `"s"`, `"\u0067old"`, `"iron"`, `2`)
	}
	if r.IntN(40) == 0 {
		payload["cnf"] = pick(r, `{"jkt":"x"}`, `{}`, `null`)
	}
	if r.IntN(3) == 0 {
		payload["realm_access"] = pick(r, `{"roles":["a","b"]}`, `{"roles":"a"}`, `{}`, `{"x":[],"roles":[]}`, `null`, `"roles"`, `{"roles":null}`)
	}
	if r.IntN(3) == 0 {
		payload["sid"] = quote(r, "s")
		payload["scp"] = pick(r, `["c","d e"]`, `"c d"`)
		payload["nbf"] = second(-100, 0)
	}
	switch r.IntN(20) {
	case 0:
		payload["exp"] = second(-40, 5)
	case 1:
		payload["iat"] = second(-5, 60)
	case 2:
		payload["nbf"] = second(-5, 60)
	case 3:
		payload["exp"] = second(3400, 3700)
	case 4:
		payload["aud"] = pick(r, `"other"`, `["other"]`, `[]`, `""`, `["",""]`)
	case 5:
		payload["iss"] = quote(r, pick(r, "https://stranger.example", "", issuerName+"/", "https://other.example", issuerName))
	}
	token := sealed(by, object(r, header), object(r, payload))
	if r.IntN(10) == 0 {
		token = damage(r, token)
	}
	return token
}

// sealed is the token of header and payload as they stand.
func sealed(by signer, header, payload string) []byte {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	return []byte(signed + "." + encode(by.sign([]byte(signed))))
}

// damage changes the bytes of a token.
func damage(r *rand.Rand, token []byte) []byte {
	token = bytes.Clone(token)
	at := r.IntN(len(token))
	switch r.IntN(7) {
	case 0:
		token[at] = byte(r.IntN(256))
	case 1:
		token[at] ^= 1 << r.IntN(8)
	case 2:
		token = slices.Insert(token, at, pick[byte](r, '.', '=', '\n', ' ', 'A'))
	case 3:
		token = slices.Delete(token, at, at+1)
	case 4:
		token = token[:at]
	case 5:
		token = append(token, pick(r, "=", "A", ".", ".A", "\n", " ")...)
	case 6:
		token = append(token, bytes.Repeat([]byte("A"), 8192-len(token)+r.IntN(3)-1)...)
	}
	return token
}

// summary is what the twin says of a good token, and the code of a bad one.
func summary(c *claims.Claims, err error) (text, code string) {
	if err != nil {
		return "", engine.Code(err)
	}
	return fmt.Sprintf("%q %q %q %q %q %q %q %q %q %d %d", c.Issuer(), c.Subject(), c.ClientID(), c.TokenID(), c.SessionID(), c.KeyID(),
		slices.Collect(c.Audience()), slices.Collect(c.Scopes()), slices.Sorted(c.Roles()), c.ExpiresAt(), c.IssuedAt()), ""
}

// The engine says of every token what the twin says: cold, warm, without a cache,
// and in a batch.
func TestDifferential(t *testing.T) {
	w := newWorld(t)
	cached := newEngine(t, engine.Config{Issuers: w.issuers})
	plain := newEngine(t, engine.Config{Issuers: w.issuers, CacheBytes: -1})
	batched := newEngine(t, engine.Config{Issuers: w.issuers, CacheBytes: -1})
	r := rand.New(rand.NewPCG(9, 10))
	seen := make(map[string]int)
	const rounds, size = 200, 50
	for range rounds {
		tokens := make([][]byte, size)
		verdicts := make([]engine.Verdict, size)
		for i := range tokens {
			tokens[i] = w.token(r)
		}
		batched.VerifyBatch(tokens, verdicts)
		for i, token := range tokens {
			wantText, wantCode := w.twin.verify(token, now)
			seen[wantCode]++
			check := func(path string, c *claims.Claims, err error) {
				t.Helper()
				if text, code := summary(c, err); text != wantText || code != wantCode {
					t.Errorf("%s\n%s says %s %q (%v)\n   twin says %s %q", token, path, text, code, err, wantText, wantCode)
				}
			}
			c, err := plain.Verify(token)
			check("cold", c, err)
			c, err = cached.Verify(token)
			check("cold with a cache", c, err)
			c, err = cached.Verify(token)
			check("warm", c, err)
			check("batch", verdicts[i].Claims, verdicts[i].Err)
			if t.Failed() {
				return
			}
		}
	}
	for _, code := range append(engine.Codes(), "") {
		if seen[code] < 10 {
			t.Errorf("%d tokens were %q: too few to prove anything", seen[code], code)
		}
	}
}

// FuzzVerify signs any header and payload, so that what is behind the signature
// is reached, and compares the engine with the twin.
func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	e := newEngine(f, engine.Config{Issuers: w.issuers, CacheBytes: -1})
	r := rand.New(rand.NewPCG(11, 12))
	for range 200 {
		parts := strings.Split(string(w.token(r)), ".")
		header, err1 := base64.RawURLEncoding.DecodeString(parts[0])
		payload, err2 := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
		if err1 == nil && err2 == nil {
			f.Add(header, payload)
		}
	}
	f.Fuzz(func(t *testing.T, header, payload []byte) {
		token := sealed(w.signers["k1"], string(header), string(payload))
		wantText, wantCode := w.twin.verify(token, now)
		if text, code := summary(e.Verify(token)); text != wantText || code != wantCode {
			t.Errorf("%s %s\nthe engine says %s %q\n  the twin says %s %q", header, payload, text, code, wantText, wantCode)
		}
	})
}
