package ecdsa

import (
	std "crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"sync"

	"github.com/tollgate/tollgate/engine/ecdsa/internal/point"
)

// ErrPublicKey is what NewPublicKey returns for what is no public key: a curve
// other than P-256, P-384 and P-521, or coordinates that are not those of a point
// on it.
var ErrPublicKey = errors.New("ecdsa: not a public key of P-256, P-384 or P-521")

// PublicKey is a public key. The zero value is no key: it verifies nothing.
type PublicKey struct {
	base  *point.Table   // of G, windows of 8 bits; nil where the curve is not P-256
	table *point.Table   // of the key's point Q
	other *std.PublicKey // the key where its curve is not P-256
}

// Bits a window. 256 is a multiple of both.
const (
	defaultWindow = 8
	compactWindow = 4
)

// baseTable is shared by all keys and built with the first of them.
var baseTable = sync.OnceValue(func() *point.Table {
	g := point.Base()
	return point.NewTable(&g, defaultWindow)
})

// NewPublicKey checks key and, where its curve is P-256, precomputes 256 KiB of
// its multiples. It keeps nothing of key.
func NewPublicKey(key *std.PublicKey) (*PublicKey, error) { return newPublicKey(key, defaultWindow) }

// NewCompactPublicKey is NewPublicKey with a table of 32 KiB, for services that
// hold thousands of keys. Each verification takes 95 additions instead of 63.
func NewCompactPublicKey(key *std.PublicKey) (*PublicKey, error) {
	return newPublicKey(key, compactWindow)
}

func newPublicKey(key *std.PublicKey, window int) (*PublicKey, error) {
	//lint:ignore SA1019 Bytes panics where a coordinate is missing
	if key == nil || key.Curve == nil || key.X == nil || key.Y == nil {
		return nil, ErrPublicKey
	}
	encoded, err := key.Bytes() // SEC 1, Section 2.3.3: 4 ‖ x ‖ y of a point on the curve
	if err != nil {
		return nil, ErrPublicKey
	}
	switch key.Curve {
	case elliptic.P256():
		var q point.Affine
		if !q.SetBytes((*[32]byte)(encoded[1:33]), (*[32]byte)(encoded[33:])) {
			return nil, ErrPublicKey
		}
		return &PublicKey{base: baseTable(), table: point.NewTable(&q, window)}, nil
	case elliptic.P384(), elliptic.P521():
		other, err := std.ParseUncompressedPublicKey(key.Curve, encoded)
		if err != nil {
			return nil, ErrPublicKey
		}
		return &PublicKey{other: other}, nil
	}
	return nil, ErrPublicKey
}

func (k *PublicKey) isCompact() bool { return k.table.Windows == 256/compactWindow }
