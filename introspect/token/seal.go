package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// SealRefresh hides the refresh token next so that only who has old, the token that it
// replaces, can read it. Old is used once, so what it yields hides one token alone.
func SealRefresh(old, next []byte) (sealed [32]byte) {
	random, err := base64.RawURLEncoding.DecodeString(string(next[len(RefreshPrefix):]))
	if err != nil || len(random) != len(sealed) {
		panic("BUG: no refresh token of ours is sealed")
	}
	return xor(old, [32]byte(random))
}

// OpenRefresh is the token that SealRefresh has hidden with old.
func OpenRefresh(old []byte, sealed [32]byte) string {
	random := xor(old, sealed)
	return RefreshPrefix + base64.RawURLEncoding.EncodeToString(random[:])
}

// xor adds to b what old yields.
func xor(old []byte, b [32]byte) [32]byte {
	h := hmac.New(sha256.New, old)
	h.Write([]byte("tollgate: the refresh token's successor"))
	for i, x := range h.Sum(nil) {
		b[i] ^= x
	}
	return b
}
