package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
)

// Verdicts of Wycheproof that are not ours, and why.
var notOurs = map[int]string{
	346: "the key says PS256, the token PS384", 350: "the key says PS256, the token PS384",
	347: "the key says ES521, which is no algorithm", 351: "the key says ES521, which is no algorithm",
}

// Every signature of Wycheproof under its own key, and every token of it as a
// stranger's.
func TestWycheproof(t *testing.T) {
	dir := os.Getenv("TOLLGATE_VECTORS")
	if dir == "" {
		t.Skip("TOLLGATE_VECTORS is not set: it names the folder of vectors")
	}
	b, err := os.ReadFile(filepath.Join(dir, "jose/wycheproof_json_web_signature_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			Public, Private json.RawMessage
			Tests           []struct {
				TcID   int
				JWS    json.RawMessage
				Result string
			}
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{{Keys: usual(t).Keys}}})
	seen, valid := 0, 0
	for _, group := range file.TestGroups {
		key := onlyKey(t, group.Public)
		for _, test := range group.Tests {
			var text string
			if json.Unmarshal(test.JWS, &text) != nil {
				text = string(test.JWS) // JSON serialisation
			}
			token, err := jwt.Parse([]byte(text))
			got := err == nil && key != nil && key.Algorithm() == token.Algorithm && key.Verify(token.Signed, token.Signature)
			want := test.Result == "valid" && group.Public != nil && notOurs[test.TcID] == ""
			if got != want {
				t.Errorf("%d: verified is %v, Wycheproof says %s (%v)", test.TcID, got, test.Result, err)
			}
			seen++
			if got {
				valid++
			}
			if c, err := e.Verify([]byte(text)); err == nil || engine.Code(err) == "" {
				t.Errorf("%d as a stranger's: %v, %v", test.TcID, c, err)
			}
		}
	}
	if seen != 401 || valid < 30 {
		t.Errorf("%d tests, want 401, and %d of them valid", seen, valid)
	}
}

// onlyKey is the key of a JWK, or nil if that is refused or none.
func onlyKey(t *testing.T, jwk json.RawMessage) *keyset.Key {
	t.Helper()
	if jwk == nil {
		return nil
	}
	s, _, err := keyset.Parse([]byte(`{"keys":[` + string(jwk) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	for k := range s.Keys() {
		return k
	}
	return nil
}
