package keyset

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
)

var encode = base64.RawURLEncoding.EncodeToString

// rsaKey makes a key once a size: they are slow to make.
var rsaKey = func() func(bits int) *rsa.PrivateKey {
	var mu sync.Mutex
	keys := make(map[int]*rsa.PrivateKey)
	return func(bits int) *rsa.PrivateKey {
		mu.Lock()
		defer mu.Unlock()
		if keys[bits] == nil {
			k, err := rsa.GenerateKey(rand.Reader, bits)
			if err != nil {
				panic(err)
			}
			keys[bits] = k
		}
		return keys[bits]
	}
}()

func ecKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// members is a JWK in the making.
type members map[string]any

// member is the JWK of a public key.
func member(t testing.TB, id string, key crypto.PublicKey) members {
	t.Helper()
	b, err := Marshal(Public{ID: id, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []members }
	if err := json.Unmarshal(b, &set); err != nil {
		t.Fatal(err)
	}
	return set.Keys[0]
}

func (m members) with(changes members) members {
	m = maps.Clone(m)
	maps.Copy(m, changes)
	for name, v := range m {
		if v == nil {
			delete(m, name)
		}
	}
	return m
}

func set(t testing.TB, entries ...any) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"keys": entries})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A signature under each algorithm verifies under the key that Marshal and Parse
// make, and under no other message, signature or algorithm.
func TestAlgorithms(t *testing.T) {
	message := []byte("message")
	sign := func(key crypto.Signer, opts crypto.SignerOpts) []byte {
		h := opts.HashFunc().New()
		h.Write(message)
		sig, err := key.Sign(rand.Reader, h.Sum(nil), opts)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	signEC := func(key *ecdsa.PrivateKey, h crypto.Hash) []byte {
		d := h.New()
		d.Write(message)
		r, s, err := ecdsa.Sign(rand.Reader, key, d.Sum(nil))
		if err != nil {
			t.Fatal(err)
		}
		size := (key.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	pss := func(h crypto.Hash) *rsa.PSSOptions {
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h}
	}
	p256, p384, p521, r := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P384()), ecKey(t, elliptic.P521()), rsaKey(2048)
	signatures := map[string][]byte{
		"ES256": signEC(p256, crypto.SHA256), "ES384": signEC(p384, crypto.SHA384), "ES512": signEC(p521, crypto.SHA512),
		"RS256": sign(r, crypto.SHA256), "RS384": sign(r, crypto.SHA384), "RS512": sign(r, crypto.SHA512),
		"PS256": sign(r, pss(crypto.SHA256)), "PS384": sign(r, pss(crypto.SHA384)), "PS512": sign(r, pss(crypto.SHA512)),
	}
	keys := map[string]crypto.PublicKey{"ES256": &p256.PublicKey, "ES384": &p384.PublicKey, "ES512": &p521.PublicKey}
	for alg := range signatures {
		key := keys[alg]
		if key == nil {
			key = &r.PublicKey
		}
		b, err := Marshal(Public{ID: alg, Algorithm: alg, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		s, refused, err := Parse(b)
		if err != nil || len(refused) > 0 {
			t.Fatal(alg, err, refused)
		}
		k := s.Key(alg)
		if k.Algorithm() != alg || k.ID() != alg || k.Ed25519() != nil {
			t.Errorf("%s became %s", alg, k.Algorithm())
		}
		for other, sig := range signatures {
			if got := k.Verify(message, sig); got != (other == alg) {
				t.Errorf("%s of a signature of %s: %v", alg, other, got)
			}
		}
		sig := signatures[alg]
		for name, bad := range map[string][]byte{
			"empty": nil, "short": sig[:len(sig)-1], "long": append(slices.Clone(sig), 0), "zero": make([]byte, len(sig)),
		} {
			if k.Verify(message, bad) {
				t.Errorf("%s: %s signature verified", alg, name)
			}
		}
		if k.Verify([]byte("massage"), sig) {
			t.Errorf("%s: another message verified", alg)
		}
	}
	// a DER signature is none of JWS
	if s, _, err := Parse(set(t, member(t, "e", &p256.PublicKey))); err != nil || s.Key("e").Verify(message, sign(p256, crypto.SHA256)) {
		t.Error("DER verified")
	}
	// RFC 7518, section 3.5: the salt is as long as the hash
	b, err := Marshal(Public{ID: "p", Algorithm: "PS256", Key: &r.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := Parse(b)
	if err != nil || s.Key("p").Verify(message, sign(r, &rsa.PSSOptions{SaltLength: 20, Hash: crypto.SHA256})) {
		t.Error("a salt of 20 bytes verified")
	}
}

// An entry that is refused does not keep the others out.
func TestParseRefuses(t *testing.T) {
	ed := member(t, "bad", publicKey("bad"))
	p256 := member(t, "bad", &ecKey(t, elliptic.P256()).PublicKey)
	p521 := member(t, "bad", &ecKey(t, elliptic.P521()).PublicKey)
	r := member(t, "bad", &rsaKey(2048).PublicKey)
	good := member(t, "good", publicKey("good"))
	f := func(entry any, want error) {
		t.Helper()
		s, refused, err := Parse(set(t, entry, good))
		if err != nil || s.Len() != 1 || s.Key("good") == nil {
			t.Errorf("%v: the good key was not loaded: %v", entry, err)
			return
		}
		if len(refused) != 1 || refused[0].Index != 0 || !errors.Is(refused[0].Err, want) {
			t.Errorf("%v: refused %v, want %v", entry, refused, want)
		}
	}
	x := func(h string) members {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		return ed.with(members{"x": encode(b)})
	}
	// points of order 1, 2, 4 and 8
	f(x("0100000000000000000000000000000000000000000000000000000000000000"), ErrSmallOrder)
	f(x("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), ErrSmallOrder)
	f(x("0000000000000000000000000000000000000000000000000000000000000000"), ErrSmallOrder)
	f(x("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), ErrSmallOrder)
	f(x("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), ErrSmallOrder)
	// y = p + 3
	f(x("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), ErrNotCanonical)
	// y = 2 has no x
	f(x("0200000000000000000000000000000000000000000000000000000000000000"), ErrPoint)
	f(ed.with(members{"x": encode(make([]byte, 31))}), ErrPoint)
	f(ed.with(members{"x": encode(make([]byte, 33))}), ErrPoint)
	// encodings
	f(ed.with(members{"x": ed["x"].(string) + "="}), ErrEntry)
	f(ed.with(members{"x": ed["x"].(string) + "\n"}), ErrEntry)
	for _, absent := range []any{nil, json.RawMessage("null"), "", []string{}} {
		f(ed.with(members{"x": absent}), ErrEntry)
	}
	f(ed.with(members{"x": 1}), ErrEntry)
	f(ed.with(members{"x": []int{1}}), ErrEntry)
	f(ed.with(members{"kid": 1}), ErrEntry)
	f(ed.with(members{"alg": []string{"EdDSA"}}), ErrEntry)
	f("text", ErrEntry)
	f([]any{ed}, ErrEntry)
	f(json.RawMessage(`{"kty":"OKP","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`), ErrEntry)
	// names are exact
	f(json.RawMessage(`{"KTY":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`), ErrKind)
	// kinds
	f(ed.with(members{"crv": "X25519", "alg": nil}), ErrKind)
	f(ed.with(members{"crv": "Ed448"}), ErrKind)
	f(ed.with(members{"kty": "okp"}), ErrKind)
	f(p256.with(members{"crv": "secp256k1", "alg": "ES256K"}), ErrKind)
	f(p256.with(members{"crv": "P-224", "alg": nil}), ErrKind)
	f(members{"kty": "oct", "kid": "bad", "alg": "HS256"}, ErrKind)
	f(members{"kid": "bad"}, ErrKind)
	// private parts
	f(members{"kty": "oct", "k": "c2VjcmV0"}, ErrPrivate)
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth"} {
		f(r.with(members{name: "AA"}), ErrPrivate)
	}
	for _, value := range []any{"AA", 0, false, map[string]any{}, []string{""}} {
		f(ed.with(members{"d": value}), ErrPrivate)
	}
	// use and key_ops
	f(ed.with(members{"use": "enc"}), ErrUse)
	f(ed.with(members{"use": "jwt-svid"}), ErrUse)
	f(ed.with(members{"use": "SIG"}), ErrUse)
	f(ed.with(members{"use": 1}), ErrEntry)
	f(ed.with(members{"key_ops": []string{"sign", "encrypt"}}), ErrUse)
	f(ed.with(members{"key_ops": "verify"}), ErrEntry)
	f(ed.with(members{"key_ops": nil, "use": "enc"}), ErrUse)
	// alg of another kind
	f(ed.with(members{"alg": "ES256"}), ErrAlgorithm)
	f(ed.with(members{"alg": "none"}), ErrForeign)
	f(ed.with(members{"alg": "HS256"}), ErrForeign)
	f(ed.with(members{"alg": "Ed448"}), ErrForeign)
	f(r.with(members{"alg": "Ed25519"}), ErrAlgorithm)
	f(p256.with(members{"alg": "ES384"}), ErrAlgorithm)
	f(r.with(members{"alg": "ES256"}), ErrAlgorithm)
	f(r.with(members{"alg": "RSA-OAEP"}), ErrForeign)
	f(r.with(members{"alg": "rs256"}), ErrForeign)
	// points
	f(p256.with(members{"y": p256["x"]}), ErrPoint)
	f(p256.with(members{"x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))}), ErrPoint)
	f(p256.with(members{"x": p256["x"].(string) + "AAAA"}), ErrPoint)
	f(p521.with(members{"x": encode(make([]byte, 65))}), ErrPoint)
	f(p256.with(members{"crv": "P-384", "alg": nil}), ErrPoint)
	f(p256.with(members{"y": nil}), ErrEntry)
	// RSA
	f(member(t, "bad", &rsaKey(1024).PublicKey), ErrRSA)
	for _, e := range []string{"AQ", "Ag", "AQAA", "AA", "gAAAAQ", "AQAAAAE"} {
		f(r.with(members{"e": e}), ErrRSA)
	}
	f(r.with(members{"e": nil}), ErrEntry)
	f(r.with(members{"n": encode(new(big.Int).Lsh(big.NewInt(1), 2047).Bytes())}), ErrRSA)
	f(r.with(members{"n": encode(slices.Repeat([]byte{255}, 1025))}), ErrRSA)
}

func TestParseAccepts(t *testing.T) {
	f := func(m members, id, alg string) {
		t.Helper()
		s, refused, err := Parse(set(t, m))
		if err != nil || len(refused) != 0 || s.Key(id) == nil || s.Key(id).Algorithm() != alg {
			t.Errorf("%v: %v, %v", m, refused, err)
		}
	}
	ed := member(t, "a", publicKey("a"))
	f(ed, "a", "EdDSA")
	f(ed.with(members{"alg": nil, "use": nil, "kid": nil}), "", "EdDSA")
	f(ed.with(members{"key_ops": []string{"verify"}}), "a", "EdDSA")
	f(ed.with(members{"alg": "Ed25519"}), "a", "EdDSA") // RFC 9864
	// what serialisers write for what is not there
	for _, absent := range []any{json.RawMessage("null"), json.RawMessage("[ ]"), ""} {
		f(ed.with(members{"alg": absent, "use": absent, "key_ops": absent, "x5c": absent, "d": absent, "oth": absent, "k": absent}), "a", "EdDSA")
		f(ed.with(members{"kid": absent}), "", "EdDSA")
	}
	// nobody looks at these
	f(ed.with(members{"x5u": "http://127.0.0.1:1/", "x5c": []string{"x"}, "ext": true, "D": "not d"}), "a", "EdDSA")
	f(member(t, "e", &ecKey(t, elliptic.P384()).PublicKey).with(members{"alg": nil}), "e", "ES384")
	f(member(t, "r", &rsaKey(2048).PublicKey).with(members{"alg": nil}), "r", "RS256")
	f(member(t, "r", &rsaKey(2048).PublicKey).with(members{"alg": "PS512"}), "r", "PS512")
	f(member(t, "r", &rsaKey(2048).PublicKey).with(members{"e": "Aw"}), "r", "RS256")
}

// What a token is tried with: by kid and alg, identical entries once, and without
// a kid the keys of its alg, those without a name first, four at most.
func TestFindInSnapshot(t *testing.T) {
	ed := func(kid any, key string) members { return member(t, "", publicKey(key)).with(members{"kid": kid}) }
	r1, r2 := member(t, "r", &rsaKey(2048).PublicKey), member(t, "r", &rsaKey(2056).PublicKey)
	ec := member(t, "r", &ecKey(t, elliptic.P256()).PublicKey)
	places := func(entries []any, keys []*Key) (list []int) {
		for _, k := range keys {
			for i, e := range entries {
				if b, err := json.Marshal(e); err != nil {
					t.Fatal(err)
				} else if sha256.Sum256(b) == k.digest {
					list = append(list, i)
					break
				}
			}
		}
		return list
	}
	f := func(kid, alg string, want []int, entries ...any) {
		t.Helper()
		for _, more := range []int{0, 20} { // by comparison, and by the map
			all := slices.Clone(entries)
			for i := range more {
				all = append(all, member(t, fmt.Sprint("more", i), &ecKey(t, elliptic.P384()).PublicKey))
			}
			s, refused, err := Parse(set(t, all...))
			if err != nil || len(refused) > 0 {
				t.Fatal(err, refused)
			}
			if got := places(all, s.Find(kid, alg)); !slices.Equal(got, want) {
				t.Errorf("%q %s with %d more: entries %v, want %v", kid, alg, more, got, want)
			}
		}
	}
	f("a", "EdDSA", []int{0}, ed("a", "a"), ed("b", "b"))
	f("a", "EdDSA", []int{0}, ed("a", "a"), ed("a", "a"))
	f("a", "EdDSA", []int{0, 2}, ed("a", "a"), ed("b", "b"), ed("a", "c"))
	f("c", "EdDSA", nil, ed("a", "a"))
	f("a", "ES256", nil, ed("a", "a"))
	// one kid for keys of different alg or kty
	f("r", "RS256", []int{0}, r1, r1.with(members{"alg": "PS256"}), ec)
	f("r", "PS256", []int{1}, r1, r1.with(members{"alg": "PS256"}), ec)
	f("r", "ES256", []int{2}, r1, r1.with(members{"alg": "PS256"}), ec)
	f("r", "RS256", []int{0, 1}, r1, r2)
	// no alg: all of the kind
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		f("r", alg, []int{0}, r1.with(members{"alg": nil}), ec.with(members{"alg": nil}))
	}
	f("r", "ES256", []int{1}, r1.with(members{"alg": nil}), ec.with(members{"alg": nil}))
	f("r", "ES384", nil, ec.with(members{"alg": nil}))
	// no kid
	f("", "EdDSA", []int{0}, ed("a", "a"))
	f("", "EdDSA", []int{1, 0}, ed("a", "a"), ed(nil, "b"))
	f("", "EdDSA", []int{0, 1, 2, 3}, ed(nil, "a"), ed(nil, "b"), ed(nil, "c"), ed(nil, "d"), ed(nil, "e"))
	f("", "EdDSA", []int{1}, r1, ed("a", "a"))
	f("k9", "EdDSA", nil, ed(nil, "a")) // a name that no key has
}

// A set's entries that sound issuers publish are no reason to warn.
func TestHarmless(t *testing.T) {
	f := func(m members, want bool) {
		t.Helper()
		_, refused, err := Parse(set(t, m))
		if err != nil || len(refused) != 1 || refused[0].Harmless() != want {
			t.Errorf("%v: %v, %v, want harmless %v", m, refused, err, want)
		}
	}
	r := member(t, "r", &rsaKey(2048).PublicKey)
	f(r.with(members{"use": "enc", "alg": "RSA-OAEP"}), true)
	f(r.with(members{"use": nil, "alg": "RSA-OAEP"}), true)
	f(r.with(members{"use": "x509-svid"}), true)
	f(members{"kty": "OKP", "crv": "X25519", "x": "AA"}, true)
	f(members{"kty": "AKP", "kid": "later"}, true)
	f(members{"x5c": []string{"MII"}}, true)
	f(r.with(members{"d": "AA"}), false)
	f(r.with(members{"alg": "ES256"}), false)
	f(r.with(members{"e": "AQ"}), false)
}

// SPIFFE bundles say jwt-svid where others say sig.
func TestUses(t *testing.T) {
	entry := member(t, "a", publicKey("a")).with(members{"use": "jwt-svid"})
	x509 := member(t, "x", publicKey("x")).with(members{"use": "x509-svid"})
	s, refused, err := Parse(set(t, entry, x509), "jwt-svid")
	if err != nil || s.Len() != 1 || s.Key("a") == nil || len(refused) != 1 || !refused[0].Harmless() {
		t.Errorf("%d keys, refused %v, %v", s.Len(), refused, err)
	}
}

// OnRefresh hears of the refused entries once, and again when they are others.
func TestRefusedOnce(t *testing.T) {
	enc := member(t, "enc", publicKey("a")).with(members{"use": "enc"})
	good := member(t, "good", publicKey("b"))
	s := &source{body: set(t, good, enc)}
	var heard []int
	k := New(s, Options{OnRefresh: func(refused []Refused, _ error) { heard = append(heard, len(refused)) }})
	refresh := func() {
		t.Helper()
		if err := k.Refresh(t.Context()); err != nil && !errors.Is(err, ErrDocument) {
			t.Fatal(err)
		}
	}
	refresh()
	refresh()
	s.set(func(s *source) { s.body = []byte("<html>") })
	refresh()
	s.set(func(s *source) { s.body = set(t, good, enc) })
	refresh()
	s.set(func(s *source) { s.body = set(t, good, enc, enc.with(members{"kid": "enc2"})) })
	refresh()
	if want := []int{1, 0, 0, 0, 2}; !slices.Equal(heard, want) {
		t.Errorf("heard of %v, want %v", heard, want)
	}
}

func TestParseDocument(t *testing.T) {
	f := func(document string) {
		t.Helper()
		if _, _, err := Parse([]byte(document)); !errors.Is(err, ErrDocument) {
			t.Errorf("%.60q: %v", document, err)
		}
	}
	f("")
	f("null")
	f("[]")
	f("{}")
	f(`{"keys":null}`)
	f(`{"keys":{}}`)
	f(`{"keys":[]}x`)
	f(`{"keys":[]} {}`)
	f(`{"Keys":[]}`)
	f(`{"keys":[],"keys":[]}`)
	f(`{"keys":[`)
	f(`{"keys":[]` + strings.Repeat(" ", MaxDocument) + `}`)
	f(strings.Repeat("[", 1<<20))

	if s, refused, err := Parse([]byte(` { "extra": {"a":[1]}, "keys" : [ ] } `)); err != nil || s.Len() != 0 || len(refused) != 0 {
		t.Error(s, refused, err)
	}
}

func TestParseTooMany(t *testing.T) {
	var entries []any
	for i := range MaxKeys + 3 {
		entries = append(entries, member(t, fmt.Sprint(i), publicKey(fmt.Sprint(i))))
	}
	s, refused, err := Parse(set(t, entries...))
	if err != nil || s.Len() != MaxKeys || len(refused) != 3 || !errors.Is(refused[0].Err, ErrTooMany) {
		t.Error(s.Len(), refused, err)
	}
}

func TestRefusedString(t *testing.T) {
	r := Refused{2, "a\nb", ErrPrivate}
	if got, want := r.String(), `key 2 (kid "a\nb"): entry has a private part`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestMarshalRefuses(t *testing.T) {
	f := func(p Public, want error) {
		t.Helper()
		if _, err := Marshal(p); !errors.Is(err, want) {
			t.Errorf("%T as %q: %v", p.Key, p.Algorithm, err)
		}
	}
	f(Public{Key: rsaKey(2048)}, ErrKind) // a private key
	f(Public{Key: []byte("secret")}, ErrKind)
	f(Public{Key: &ecKey(t, elliptic.P224()).PublicKey}, ErrKind)
	f(Public{Key: publicKey("a"), Algorithm: "RS256"}, ErrAlgorithm)
}

func FuzzParse(f *testing.F) {
	f.Add(set(f, member(f, "a", publicKey("a"))))
	f.Add(set(f, member(f, "e", &ecKey(f, elliptic.P256()).PublicKey)))
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AQ"},null,{"k":1}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, refused, err := Parse(b)
		if err != nil {
			return
		}
		var set struct{ Keys []json.RawMessage }
		if err := json.Unmarshal(b, &set); err != nil {
			t.Fatalf("%q was parsed, but encoding/json: %v", b, err)
		}
		if s.Len()+len(refused) > len(set.Keys) {
			t.Errorf("%d entries made %d keys and %d refusals", len(set.Keys), s.Len(), len(refused))
		}
		for k := range s.Keys() {
			if !slices.Contains(s.Find(k.ID(), k.Algorithm()), k) && len(s.Find(k.ID(), k.Algorithm())) < MaxTried {
				t.Errorf("key %q of %s is not found by its name", k.ID(), k.Algorithm())
			}
		}
	})
}
