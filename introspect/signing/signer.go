package signing

import (
	"crypto/ed25519"
	"encoding/base64"
)

// signer makes compact JWS (RFC 7515, section 7.1) of one key and one typ.
type signer struct {
	header string // encoded, with the dot behind it
	key    ed25519.PrivateKey
}

func newSigner(kid string, private ed25519.PrivateKey, typ string) signer {
	header := `{"alg":"EdDSA","kid":` + quote(kid) + `,"typ":"` + typ + `"}`
	return signer{base64.RawURLEncoding.EncodeToString([]byte(header)) + ".", private}
}

// sign returns the JWS of payload.
func (s signer) sign(payload []byte) []byte {
	n := len(s.header) + base64.RawURLEncoding.EncodedLen(len(payload))
	b := make([]byte, 0, n+1+base64.RawURLEncoding.EncodedLen(ed25519.SignatureSize))
	b = append(b, s.header...)
	b = base64.RawURLEncoding.AppendEncode(b, payload)
	sig := ed25519.Sign(s.key, b)
	return base64.RawURLEncoding.AppendEncode(append(b, '.'), sig)
}
