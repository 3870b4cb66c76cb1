package rsa

import (
	"bytes"
	"crypto"
	std "crypto/rsa"
	"errors"
	"fmt"
	"math/big"
)

// ErrKey: the key is not one that signatures can be verified with.
var ErrKey = errors.New("not an RSA public key for signatures")

// Moduli that NewPublicKey takes, in bits. crypto/rsa refuses smaller ones too.
const (
	minBits = 1024
	maxBits = 8192
)

// A PublicKey is a key, made ready. It is safe for concurrent use.
type PublicKey struct {
	key  std.PublicKey
	fast *modulus // nil: crypto/rsa verifies
}

// NewPublicKey makes key ready, which it copies. It refuses what crypto/rsa
// verifies nothing with: a modulus that is even or of fewer than 1024 bits, an
// exponent that is even, less than 3 or more than 2^31 - 1; and moduli of more
// than 8192 bits, whose signatures cost too much.
func NewPublicKey(key *std.PublicKey) (*PublicKey, error) {
	switch {
	case key == nil || key.N == nil || key.N.Sign() <= 0:
		return nil, fmt.Errorf("%w: there is no modulus", ErrKey)
	case key.N.BitLen() < minBits || key.N.BitLen() > maxBits:
		return nil, fmt.Errorf("%w: the modulus has %d bits, not %d to %d", ErrKey, key.N.BitLen(), minBits, maxBits)
	case key.N.Bit(0) == 0:
		return nil, fmt.Errorf("%w: the modulus is even", ErrKey)
	case key.E < 3 || key.E&1 == 0 || int64(key.E) > 1<<31-1:
		return nil, fmt.Errorf("%w: the exponent is %d, not odd and from 3 to 2^31 - 1", ErrKey, key.E)
	}
	return newPublicKey(active, key), nil
}

func newPublicKey(b backend, key *std.PublicKey) *PublicKey {
	k := &PublicKey{key: std.PublicKey{N: new(big.Int).Set(key.N), E: key.E}}
	if b == avx512ifma && key.E == 65537 && limbsFor(key.N.BitLen()) != 0 {
		k.fast = newModulus(key.N)
	}
	return k
}

// Size is the length of a signature in bytes.
func (k *PublicKey) Size() int { return k.key.Size() }

// encoded writes s^e mod N into em, both of the modulus's size, and reports
// whether sig is a number less than N of that size.
func (m *modulus) encoded(em, sig []byte) bool {
	if len(sig) != m.size || bytes.Compare(sig, m.bytes[:m.size]) >= 0 {
		return false
	}
	m.power65537(em, sig)
	return true
}

// The hashes that the fast path knows, with the prefix of a DigestInfo (RFC 8017,
// section 9.2, note 1). Others are crypto/rsa's.
func prefixOf(hash crypto.Hash) []byte {
	switch hash {
	case crypto.SHA256:
		return prefix256
	case crypto.SHA384:
		return prefix384
	case crypto.SHA512:
		return prefix512
	}
	return nil
}

var (
	prefix256 = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	prefix384 = []byte{0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30}
	prefix512 = []byte{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40}
)

// VerifyPKCS1v15 reports whether sig is the RSASSA-PKCS1-v1_5 signature (RFC
// 8017, section 8.2.2) of the message whose digest by hash is digest. The verdict
// is that of crypto/rsa.VerifyPKCS1v15.
func (k *PublicKey) VerifyPKCS1v15(hash crypto.Hash, digest, sig []byte) bool {
	prefix := prefixOf(hash)
	if k.fast == nil || prefix == nil {
		// Copies, so that the caller's bytes may stay on its stack.
		return std.VerifyPKCS1v15(&k.key, hash, bytes.Clone(digest), bytes.Clone(sig)) == nil
	}
	var room [maxBytes]byte
	em := room[:k.fast.size]
	if len(digest) != hash.Size() || !k.fast.encoded(em, sig) {
		return false
	}
	// EM = 0x00 || 0x01 || PS || 0x00 || T (RFC 8017, section 9.2): all of it is
	// compared, none of it parsed.
	t := len(em) - len(prefix) - len(digest)
	if em[0] != 0 || em[1] != 1 || em[t-1] != 0 {
		return false
	}
	for _, b := range em[2 : t-1] {
		if b != 0xff {
			return false
		}
	}
	return bytes.Equal(em[t:t+len(prefix)], prefix) && bytes.Equal(em[t+len(prefix):], digest)
}
