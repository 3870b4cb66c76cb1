package jwt

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

const goodHeader = `{"alg":"EdDSA","kid":"k1","typ":"at+jwt"}`

// compact joins parts as they stand, each encoded.
func compact(parts ...string) []byte {
	var encoded []string
	for _, p := range parts {
		encoded = append(encoded, base64.RawURLEncoding.EncodeToString([]byte(p)))
	}
	return []byte(strings.Join(encoded, "."))
}

func TestParse(t *testing.T) {
	f := func(header string, want Header) {
		t.Helper()
		token, err := Parse(compact(header, "payload", "signature"))
		if err != nil || token.Header != want {
			t.Errorf("%s: %+v, %v; want %+v", header, token, err, want)
			return
		}
		if string(token.Payload) != "payload" || string(token.Signature) != "signature" ||
			!bytes.Equal(token.Signed, compact(header, "payload")) {
			t.Errorf("%s: %q %q %q", header, token.Signed, token.Payload, token.Signature)
		}
	}
	f(goodHeader, Header{"EdDSA", "k1", "at+jwt"})
	f(` { "typ" : "at+jwt" , "alg" : "RS256" } `, Header{"RS256", "", "at+jwt"})
	// escapes are read as what they stand for
	f(`{"\u0061lg":"EdDS\u0041","kid":"\u006b1"}`, Header{"EdDSA", "k1", ""})
	// kid is any text: it is looked up, never opened, asked or run
	f(`{"alg":"ES256","kid":"../../etc/passwd"}`, Header{"ES256", "../../etc/passwd", ""})
	f(`{"alg":"ES256","kid":"' OR 1=1 --"}`, Header{"ES256", "' OR 1=1 --", ""})
	f(`{"alg":"ES256","kid":"k1\u0000.pem"}`, Header{"ES256", "k1\x00.pem", ""})
	// nobody follows these
	f(`{"alg":"EdDSA","jku":"http://127.0.0.1:1/","jwk":{"kty":"OKP"},"x5u":"http://127.0.0.1:1/","x5c":["AA=="],"x5t":1,"cty":"JWT"}`,
		Header{"EdDSA", "", ""})
	for _, alg := range Algorithms() {
		f(`{"alg":"`+alg+`"}`, Header{alg, "", ""})
	}
}

func TestParseRefuses(t *testing.T) {
	f := func(token []byte, want error) {
		t.Helper()
		if got, err := Parse(token); !errors.Is(err, want) {
			t.Errorf("%.80q: %v, %v; want %v", token, got, err, want)
		}
	}
	header := func(h string, want error) {
		t.Helper()
		f(compact(h, "{}", "s"), want)
	}
	good := compact(goodHeader, "{}", "signature")

	// the number of parts; JSON serialisation (RFC 7515, section 7.2); floods of dots
	f(nil, errParts)
	f([]byte("e30"), errParts)
	f(compact(goodHeader, "{}"), errParts)
	f(compact(goodHeader, "{}", "s", "t"), errParts)
	f(compact(goodHeader, "key", "iv", "text", "tag"), errParts)
	f([]byte(`{"payload":"e30","protected":"e30","signature":"AA"}`), errParts)
	f(bytes.Repeat([]byte("."), MaxSize), errParts)
	f(bytes.Repeat([]byte("."), 16<<20), errSize)
	f(slices.Concat(good, bytes.Repeat([]byte("A"), MaxSize)), errSize)
	// the largest token that is looked at
	if rest := MaxSize - len(good); rest > 0 {
		if _, err := Parse(slices.Concat(good, bytes.Repeat([]byte("A"), rest&^3))); err != nil {
			t.Error(err)
		}
	}

	// base64url of each part: padding, white space, other alphabet, stray bits
	for i := range 3 {
		parts := strings.Split(string(good), ".")
		for _, bad := range []string{parts[i] + "=", parts[i] + "==", " " + parts[i], parts[i] + "\n", parts[i] + "+", parts[i] + "/", parts[i][:1], parts[i] + "%3D"} {
			changed := slices.Clone(parts)
			changed[i] = bad
			f([]byte(strings.Join(changed, ".")), errBase64)
		}
	}
	stray := slices.Clone(good) // "signature" is 9 bytes: take 8, whose last character carries 2 stray bits
	stray = append(stray[:len(stray)-2], 'V')
	f(stray, errBase64)

	// the header's JSON
	header(``, errJSON)
	header(`null`, errJSON)
	header(`[]`, errJSON)
	header(`"EdDSA"`, errJSON)
	header(`{"alg":"EdDSA"`, errJSON)
	header(`{"alg":"EdDSA"}{}`, errJSON)
	header("{\"alg\":\"EdDSA\",\"kid\":\"\xff\"}", errUTF8)
	header(`{"alg":"EdDSA","alg":"EdDSA"}`, errDuplicate)
	header(`{"alg":"EdDSA","\u0061lg":"none"}`, errDuplicate)
	header(`{"alg":"EdDSA","jwk":{"x":1,"x":2}}`, errDuplicate)
	header(`{"alg":"EdDSA","Alg":"none"}`, errCase)
	header(`{"alg":"EdDSA","\u0041lg":"none"}`, errCase)
	header(`{"alg":"EdDSA","KID":"k2"}`, errCase)
	header(`{"alg":"EdDSA","CRIT":[]}`, errCase)
	// U+212A, the Kelvin sign, is a k to whoever folds case
	header("{\"alg\":\"EdDSA\",\"\u212aid\":\"k2\"}", errCase)
	header(`{"alg":"EdDSA","\u212Aid":"k2"}`, errCase)
	header(`{"alg":"EdDSA","x":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`}`, errDepth)

	// types
	header(`{}`, errNoAlg)
	header(`{"typ":"at+jwt"}`, errNoAlg)
	header(`{"alg":null}`, errNoAlg)
	header(`{"alg":["EdDSA"]}`, errType)
	header(`{"alg":{"EdDSA":1}}`, errType)
	header(`{"alg":1}`, errType)
	header(`{"alg":true}`, errType)
	header(`{"alg":"EdDSA","kid":1}`, errType)
	header(`{"alg":"EdDSA","kid":{"$ne":""}}`, errType)
	header(`{"alg":"EdDSA","typ":["at+jwt"]}`, errType)

	// extensions
	header(`{"alg":"EdDSA","crit":["exp"],"exp":1}`, errCritical)
	header(`{"alg":"EdDSA","crit":[]}`, errCritical)
	header(`{"alg":"EdDSA","crit":null}`, errCritical)
	header(`{"alg":"EdDSA","b64":false,"crit":["b64"]}`, errCritical)
	header(`{"alg":"EdDSA","b64":true}`, errCritical)
	header(`{"alg":"EdDSA","zip":"DEF"}`, errCritical)
	header(`{"alg":"EdDSA","enc":"A256GCM"}`, errCritical)

	// algorithms: never none, never with a shared secret, never in another spelling
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "", " ", "HS256", "HS384", "HS512", "hs256", "eddsa", "EDDSA", "EdDSA ",
		"ed25519", "Ed448", "RS1", "RS256\u0000", "ES256K", "A128KW", "dir", "RSA-OAEP", "rs256"} {
		b, err := json.Marshal(alg)
		if err != nil {
			t.Fatal(err)
		}
		header(`{"alg":`+string(b)+`}`, ErrAlgorithm)
	}
	// what is malformed is told first
	header(`{"alg":"none","crit":[]}`, errCritical)
	header(`{"alg":"none","kid":1}`, errType)
}

func TestErrorsAreMalformed(t *testing.T) {
	for _, err := range []error{errSize, errParts, errBase64, errJSON, errUTF8, errSurrogate, errDepth, errDuplicate, errCase, errType, errCritical, errNoAlg, errDate} {
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%v is not ErrMalformed", err)
		}
	}
}

// Learned headers are recognised by every byte, and say what parsing says.
func TestHeaders(t *testing.T) {
	var known Headers
	token := new(Token)
	parse := func(raw []byte) error { return token.Parse(raw, &known) }
	raw := compact(goodHeader, "{}", "s")
	if err := parse(raw); err != nil || token.recognised {
		t.Fatal(err, token.recognised)
	}
	known.Learn(token)
	if err := parse(raw); err != nil || !token.recognised || token.Header != (Header{"EdDSA", "k1", "at+jwt"}) {
		t.Fatal(err, token.recognised, token.Header)
	}
	// one more space, and it is another header
	if err := parse(compact(goodHeader+" ", "{}", "s")); err != nil || token.recognised {
		t.Error(err, token.recognised)
	}
	// a known header does not excuse the rest
	if err := parse(append(compact(goodHeader, "{}"), ".A"...)); !errors.Is(err, errBase64) {
		t.Error(err)
	}
	// memory is bounded: of many more headers than fit, the last is known
	for i := range 3 * maxHeaders {
		raw = compact(`{"alg":"EdDSA","kid":"`+strings.Repeat("x", i%400)+string(rune('a'+i/400))+`"}`, "{}", "s")
		if err := parse(raw); err != nil {
			t.Fatal(err)
		}
		known.Learn(token)
		if n := len(*known.known.Load()); n > maxHeaders {
			t.Fatalf("%d headers are remembered", n)
		}
	}
	if err := parse(compact(`{"alg":"EdDSA","kid":"`+strings.Repeat("y", maxHeaderSize)+`"}`, "{}", "s")); err != nil {
		t.Fatal(err)
	}
	before := len(*known.known.Load())
	known.Learn(token)
	if after := len(*known.known.Load()); after != before {
		t.Errorf("a header longer than %d bytes was learned", maxHeaderSize)
	}
}

// RFC 8037, appendix A.4, as the JOSE cookbook has it: its payload is no JSON, so
// it is a JWS and no token.
func TestCookbook(t *testing.T) {
	raw, err := os.ReadFile(vectors(t, "jose/cookbook_ed25519_jws.json"))
	if err != nil {
		t.Fatal(err)
	}
	var book struct {
		Input struct {
			Payload string
			Key     struct{ X string }
		}
		Output struct{ Compact string }
	}
	if err := json.Unmarshal(raw, &book); err != nil {
		t.Fatal(err)
	}
	token, err := Parse([]byte(book.Output.Compact))
	if err != nil {
		t.Fatal(err)
	}
	key, err := base64.RawURLEncoding.DecodeString(book.Input.Key.X)
	if err != nil {
		t.Fatal(err)
	}
	if string(token.Payload) != book.Input.Payload || !ed25519.Verify(key, token.Signed, token.Signature) {
		t.Errorf("%+v", token)
	}
	if err := token.Scan(); !errors.Is(err, errJSON) {
		t.Error(err)
	}
}

func TestSigner(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	s, err := NewSigner(`k"1`, key, "at+jwt")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := s.Sign(map[string]string{"iss": "a"})
	if err != nil {
		t.Fatal(err)
	}
	token, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if token.Header != (Header{"EdDSA", `k"1`, "at+jwt"}) || string(token.Payload) != `{"iss":"a"}` ||
		!ed25519.Verify(key.Public().(ed25519.PublicKey), token.Signed, token.Signature) {
		t.Errorf("%+v", token)
	}
	if got := s.Append([]byte("Bearer "), token.Payload); string(got) != "Bearer "+string(raw) {
		t.Errorf("Append: %s", got)
	}
	if _, err := s.Sign(func() {}); err == nil {
		t.Error("a function was signed")
	}
	if _, err := NewSigner("k1", key[:31], ""); err == nil {
		t.Error("a short key was taken")
	}
}
