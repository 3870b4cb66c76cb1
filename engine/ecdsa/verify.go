package ecdsa

import (
	std "crypto/ecdsa"
	"math/big"

	"github.com/tollgate/tollgate/engine/ecdsa/internal/point"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/scalar"
)

// SignatureSize is the length of a signature under a key of P-256 in bytes.
const SignatureSize = 64

// Verify reports whether sig, which is r ‖ s of full length each, is a signature
// of digest by k: whether crypto/ecdsa.Verify would accept r and s.
func (k *PublicKey) Verify(digest, sig []byte) bool { return k.verify(active, digest, sig) }

func (k *PublicKey) verify(b backend, digest, sig []byte) bool {
	switch {
	case k == nil:
		return false
	case k.other != nil:
		return verifyOther(k.other, digest, sig)
	case k.table == nil || len(sig) != SignatureSize:
		return false
	}
	var r, s scalar.Scalar
	if !r.SetBytes((*[32]byte)(sig)) || !s.SetBytes((*[32]byte)(sig[32:])) {
		return false
	}
	if b == avx512ifma {
		return k.eightLanes(&r, &s, digest)
	}
	s.Invert(&s)
	u1, u2 := multipliers(&r, &s, digest)
	return k.portable(&r, &u1, &u2)
}

// multipliers returns e/s and r/s modulo n for the number e of the digest and
// inverse, which is 2^256/s.
func multipliers(r, inverse *scalar.Scalar, digest []byte) (u1, u2 scalar.Scalar) {
	u1.SetDigest(digest)
	u1.Mul(&u1, inverse)
	u2.Mul(r, inverse)
	return u1, u2
}

// portable reports whether [u1]G + [u2]Q has an x that is r modulo n.
func (k *PublicKey) portable(r, u1, u2 *scalar.Scalar) bool {
	var p point.Point
	c := u1.Digits8()
	k.base.AddMultiple(&p, c[:], true)
	if !k.isCompact() {
		c := u2.Digits8()
		k.table.AddMultiple(&p, c[:], false)
	} else {
		c := u2.Digits4()
		k.table.AddMultiple(&p, c[:], false)
	}
	if p.ZZ.IsZero() {
		return k.exact(r, u1, u2)
	}
	return isX(&p, r)
}

// exact is portable with additions that treat every case: equal points, opposite
// ones, and the point at infinity. By chance nobody meets these; a signer who
// looks for them can, and gets the right verdict more slowly.
func (k *PublicKey) exact(r, u1, u2 *scalar.Scalar) bool {
	var p point.Point
	c := u1.Digits8()
	k.base.AddMultipleExactly(&p, c[:])
	if !k.isCompact() {
		c := u2.Digits8()
		k.table.AddMultipleExactly(&p, c[:])
	} else {
		c := u2.Digits4()
		k.table.AddMultipleExactly(&p, c[:])
	}
	return isX(&p, r)
}

// isX reports whether p is a point whose x modulo n is r: whether x is r or r + n,
// for x is below p and that is below 2n.
func isX(p *point.Point, r *scalar.Scalar) bool {
	if p.HasX((*[4]uint64)(r)) {
		return true
	}
	x, ok := r.PlusOrder()
	return ok && p.HasX(&x)
}

// verifyOther is crypto/ecdsa.Verify for r and s of full length.
func verifyOther(k *std.PublicKey, digest, sig []byte) bool {
	size := (k.Curve.Params().BitSize + 7) / 8
	if len(sig) != 2*size {
		return false
	}
	r, s := new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:])
	return std.Verify(k, digest, r, s)
}
