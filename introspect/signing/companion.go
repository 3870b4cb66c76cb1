package signing

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// The algorithms that tokens can be signed with. A key of the ring signs with
// EdDSA; for verifiers that do not know that, it can have companions.
const (
	EdDSA = "EdDSA"
	RS256 = "RS256"
	ES256 = "ES256"
)

// Algorithms are all of them.
var Algorithms = []string{EdDSA, RS256, ES256}

// ErrAlgorithm: no key of the ring signs with that algorithm.
var ErrAlgorithm = errors.New("no signing key for this algorithm")

const rsaBits = 2048 // RFC 7518, section 3.3: at least

// A companion is an RSA or P-256 key that lives and dies with the Ed25519 key in
// whose record it is: it is published, rotated, shared and retired with it.
type companion struct {
	alg    string
	id     string // its kid
	signer crypto.Signer
	public json.RawMessage   // for the key set
	heads  map[string][]byte // by the type of a token: its header, encoded, with its dot
}

// CompanionIDs are the kids that the companions of a key have or would have. A
// retirement has to name them too.
func CompanionIDs(kid string) []string {
	return []string{companionID(kid, RS256), companionID(kid, ES256)}
}

func companionID(kid, alg string) string {
	if alg == RS256 {
		return kid + "-rs256"
	}
	return kid + "-es256"
}

// newCompanion makes the private key of a companion, in PKCS #8 and base64.
func newCompanion(alg string) (string, error) {
	var private any
	var err error
	switch alg {
	case RS256:
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return "", fmt.Errorf("%w: %q", ErrAlgorithm, alg)
	}
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	return base64.StdEncoding.EncodeToString(der), err
}

var errCompanion = errors.New("companion is not a private key in PKCS #8")

// parseCompanion reads what newCompanion has made, for the key called kid.
func parseCompanion(kid, alg, text string) (*companion, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errCompanion // without the cause, which could quote the key
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errCompanion
	}
	c := &companion{alg: alg, id: companionID(kid, alg)}
	b64 := base64.RawURLEncoding.EncodeToString
	public := map[string]string{"alg": alg, "use": "sig", "kid": c.id}
	switch k := private.(type) {
	case *rsa.PrivateKey:
		if alg != RS256 || k.N.BitLen() < rsaBits {
			return nil, errCompanion
		}
		c.signer = k
		public["kty"], public["n"], public["e"] = "RSA", b64(k.N.Bytes()), b64(big.NewInt(int64(k.E)).Bytes())
	case *ecdsa.PrivateKey:
		if alg != ES256 || k.Curve != elliptic.P256() {
			return nil, errCompanion
		}
		c.signer = k
		point, err := k.PublicKey.Bytes() // 4, x, y
		if err != nil {
			return nil, errCompanion
		}
		public["kty"], public["crv"], public["x"], public["y"] = "EC", "P-256", b64(point[1:33]), b64(point[33:])
	default:
		return nil, errCompanion
	}
	c.heads = map[string][]byte{typeAccess: c.header(typeAccess), typeID: c.header(typeID)}
	c.public, err = json.Marshal(public)
	return c, err
}

func (c *companion) header(typ string) []byte {
	text, err := json.Marshal(struct {
		Alg string `json:"alg"`
		Kid string `json:"kid"`
		Typ string `json:"typ"`
	}{c.alg, c.id, typ})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return append(base64.RawURLEncoding.AppendEncode(nil, text), '.')
}

// sign makes the token of claims (RFC 7515, section 5.1).
func (c *companion) sign(typ string, claims []byte) ([]byte, error) {
	token := base64.RawURLEncoding.AppendEncode(bytes.Clone(c.heads[typ]), claims)
	digest := sha256.Sum256(token)
	var signature []byte
	var err error
	switch k := c.signer.(type) {
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(nil, k, crypto.SHA256, digest[:])
	case *ecdsa.PrivateKey:
		signature, err = signES256(k, digest[:])
	}
	if err != nil {
		return nil, err
	}
	return base64.RawURLEncoding.AppendEncode(append(token, '.'), signature), nil
}

// signES256 signs as RFC 7518, section 3.4, writes it: r and s, 32 bytes each.
func signES256(k *ecdsa.PrivateKey, digest []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, k, digest)
	if err != nil {
		return nil, err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature, nil
}

// verify returns the payload of a token that begins with header and was signed
// by c.
func (c *companion) verify(token, header []byte) (payload []byte, ok bool) {
	dot := bytes.LastIndexByte(token, '.')
	if dot < len(header) {
		return nil, false
	}
	signature := make([]byte, base64.RawURLEncoding.DecodedLen(len(token)-dot-1))
	n, err := decode(signature, token[dot+1:])
	if err != nil {
		return nil, false
	}
	signature = signature[:n]
	digest := sha256.Sum256(token[:dot])
	switch k := c.signer.(type) {
	case *rsa.PrivateKey:
		ok = rsa.VerifyPKCS1v15(&k.PublicKey, crypto.SHA256, digest[:], signature) == nil
	case *ecdsa.PrivateKey:
		ok = len(signature) == 64 &&
			ecdsa.Verify(&k.PublicKey, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	}
	if !ok {
		return nil, false
	}
	body := token[len(header):dot]
	payload = make([]byte, base64.RawURLEncoding.DecodedLen(len(body)))
	if n, err = decode(payload, body); err != nil {
		return nil, false
	}
	return payload[:n], true
}

// Have makes sure that every key which signs now or will sign has a companion for
// alg. The first call for an algorithm makes one, which takes a tenth of a second
// for RS256; the keys that come later have it from their beginning.
func (r *Keyring) Have(alg string, now int64) error {
	if alg == EdDSA || r.has(alg, now) {
		return nil
	}
	if r.vault == nil {
		return fmt.Errorf("%w: %s (%w)", ErrAlgorithm, alg, ErrFixed)
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	for range retireTries { // another service may be making the same
		if err := r.reload(); err != nil {
			return err
		}
		err := r.accompany(alg, now)
		if err == nil {
			return r.reload()
		}
		if !errors.Is(err, ErrChanged) {
			return err
		}
	}
	return ErrChanged
}

func (r *Keyring) has(alg string, now int64) bool {
	k, err := r.live().current(now)
	return err == nil && k.companions[alg] != nil
}

// accompany gives a companion to each key that lacks it and will sign.
func (r *Keyring) accompany(alg string, now int64) error {
	all := *r.ring.Load()
	current, err := all.current(now)
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.Retired != 0 || k.companions[alg] != nil || k != current && k.Signs <= now {
			continue
		}
		rec, err := withCompanion(k.record, alg)
		if err != nil {
			return err
		}
		if err := r.vault.write(rec); err != nil {
			return err
		}
	}
	return nil
}

// withCompanion is a record with a companion more.
func withCompanion(rec record, alg string) (record, error) {
	private, err := newCompanion(alg)
	if err != nil {
		return rec, err
	}
	all := map[string]string{alg: private}
	for a, p := range rec.Companions {
		all[a] = p
	}
	rec.Companions = all
	return rec, nil
}

// signAs signs claims as a token of a type, with the algorithm named, by the key
// that signs at now.
func (r *Keyring) signAs(alg, typ string, claims []byte, now int64) ([]byte, error) {
	if err := r.Have(alg, now); err != nil {
		return nil, err
	}
	k, err := r.current(now)
	if err != nil {
		return nil, err
	}
	if alg == EdDSA {
		switch typ {
		case typeAccess:
			return k.tokens.Append(nil, claims), nil
		case typeID:
			return k.ids.Append(nil, claims), nil
		}
		panic("BUG: no tokens of type " + typ)
	}
	c := k.companions[alg]
	if c == nil {
		return nil, fmt.Errorf("%w: %s", ErrAlgorithm, alg)
	}
	return c.sign(typ, claims)
}

// The types of the tokens that are signed here.
const (
	typeAccess = "at+jwt" // RFC 9068, section 2.1
	typeID     = "JWT"
)
