package ed25519

import (
	"crypto/sha512"

	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
	"github.com/tollgate/tollgate/engine/ed25519/internal/scalar"
)

// Verify reports whether sig is a signature of message by k: whether
// crypto/ed25519.Verify would accept it.
func (k *PublicKey) Verify(message, sig []byte) bool { return k.verify(active, message, sig) }

func (k *PublicKey) verify(b backend, message, sig []byte) bool {
	if k == nil || k.minus == nil || len(sig) != SignatureSize {
		return false
	}
	var s scalar.Scalar
	if !s.SetCanonical((*[32]byte)(sig[32:])) {
		return false
	}
	switch b {
	case avx512ifma:
		return k.eightLanes(&s, message, sig)
	case avx2:
		return k.fourLanes(&s, message, sig)
	}
	return k.portable(&s, message, sig)
}

// challenge returns SHA-512(R || A || message) modulo L, with A as received.
func (k *PublicKey) challenge(message, sig []byte) (c scalar.Scalar) {
	h := sha512.New()
	h.Write(sig[:32])
	h.Write(k.encoded[:])
	h.Write(message)
	var digest [sha512.Size]byte
	h.Sum(digest[:0])
	c.SetWide(&digest)
	return c
}

// portable reports whether [s]B - [k]A encodes as R, the first half of sig.
func (k *PublicKey) portable(s *scalar.Scalar, message, sig []byte) bool {
	p := point.Identity()
	d := s.Digits8()
	k.base.AddMultiple(&p, d[:])
	c := k.challenge(message, sig)
	k.addMinus(&p, &c)
	return p.Bytes() == [32]byte(sig)
}

// addMinus adds -[c]A to p.
func (k *PublicKey) addMinus(p *point.Point, c *scalar.Scalar) {
	if !k.isCompact() {
		d := c.Digits8()
		k.minus.AddMultiple(p, d[:])
	} else {
		d := c.Digits4()
		k.minus.AddMultiple(p, d[:])
	}
}
