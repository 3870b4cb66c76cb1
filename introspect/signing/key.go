package signing

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tollgate/tollgate/engine/jwt"
)

// record is a key as it is written: a private JWK (RFC 8037, section 2) and
// the times of its life in Unix seconds.
type record struct {
	Type    string `json:"kty"`
	Curve   string `json:"crv"`
	Alg     string `json:"alg"`
	Use     string `json:"use"`
	ID      string `json:"kid"`
	Public  string `json:"x"`
	Private string `json:"d"`
	Created int64  `json:"iat"`
	Signs   int64  `json:"nbf"`     // from when on it signs
	Tail    int64  `json:"tail"`    // the longest life, in seconds, of a token it has signed
	Retired int64  `json:"retired"` // when it was retired; 0: not

	// Private keys of other algorithms, by alg; see companion.
	Companions map[string]string `json:"companions,omitempty"`
}

// key is a record ready for use.
type key struct {
	record
	public  ed25519.PublicKey
	header  []byte      // of every access token it signs, encoded, with the dot behind it
	tokens  *jwt.Signer // access tokens, typ at+jwt
	answers *jwt.Signer // introspection answers, typ token-introspection+jwt
	ids     *jwt.Signer // ID tokens, typ JWT
	idHead  []byte      // header, of ID tokens

	companions map[string]*companion // by algorithm
}

var errKey = errors.New("not an Ed25519 private key (RFC 8037: kty OKP, crv Ed25519, x, d)")

// generate makes a key that signs from then on. Its kid can be typed: one in 64
// thumbprints begins with a dash, and a command would take it for a flag.
func generate(now, signs int64) (*key, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	id := thumbprint(public)
	if id[0] == '-' {
		return generate(now, signs)
	}
	return newKey(record{
		Type: "OKP", Curve: "Ed25519", Alg: "EdDSA", Use: "sig",
		ID:      id,
		Public:  base64.RawURLEncoding.EncodeToString(public),
		Private: base64.RawURLEncoding.EncodeToString(private.Seed()),
		Created: now, Signs: signs,
	})
}

func newKey(r record) (*key, error) {
	seed, err := base64.RawURLEncoding.Strict().DecodeString(r.Private)
	if err != nil || len(seed) != ed25519.SeedSize || r.Type != "OKP" || r.Curve != "Ed25519" {
		return nil, errKey // without the cause, which could quote the key
	}
	if r.ID == "" {
		return nil, fmt.Errorf("%w: it has no kid", errKey)
	}
	private := ed25519.NewKeyFromSeed(seed)
	public := private.Public().(ed25519.PublicKey)
	if base64.RawURLEncoding.EncodeToString(public) != r.Public {
		return nil, fmt.Errorf("%w: x of %q does not belong to d", errKey, r.ID)
	}
	k := &key{record: r, public: public}
	if k.tokens, err = jwt.NewSigner(r.ID, private, typeAccess); err != nil {
		return nil, err
	}
	if k.answers, err = jwt.NewSigner(r.ID, private, "token-introspection+jwt"); err != nil {
		return nil, err
	}
	if k.ids, err = jwt.NewSigner(r.ID, private, typeID); err != nil {
		return nil, err
	}
	k.header, k.idHead = headerOf(k.tokens), headerOf(k.ids)
	k.companions = map[string]*companion{}
	for alg, text := range r.Companions {
		if k.companions[alg], err = parseCompanion(r.ID, alg, text); err != nil {
			return nil, fmt.Errorf("%w, %s of %q", err, alg, r.ID)
		}
	}
	return k, nil
}

// headerOf is the header that begins every token of a signer, with its dot.
func headerOf(s *jwt.Signer) []byte {
	token := s.Append(nil, []byte("{}"))
	return token[:bytes.IndexByte(token, '.')+1]
}

// thumbprint is the JWK thumbprint (RFC 7638; RFC 8037, section 2).
func thumbprint(public ed25519.PublicKey) string {
	x := base64.RawURLEncoding.EncodeToString(public)
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// jwk is the public part of k for the key set.
func (k *key) jwk() json.RawMessage {
	b, err := json.Marshal(struct {
		Type   string `json:"kty"`
		Curve  string `json:"crv"`
		Alg    string `json:"alg"`
		Use    string `json:"use"`
		ID     string `json:"kid"`
		Public string `json:"x"`
	}{k.Type, k.Curve, "EdDSA", "sig", k.ID, k.Public})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return b
}
