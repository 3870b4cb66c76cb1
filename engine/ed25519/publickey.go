package ed25519

import (
	"errors"
	"sync"

	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
)

const (
	// PublicKeySize is the length of a public key in bytes.
	PublicKeySize = 32
	// SignatureSize is the length of a signature in bytes.
	SignatureSize = 64
)

// ErrPublicKey is what NewPublicKey returns for bytes that are not a key: a
// length other than 32, or a y for which the curve has no x.
var ErrPublicKey = errors.New("ed25519: not a public key")

// PublicKey is a public key A with the table of multiples of -A. The zero
// value is no key: it verifies nothing.
type PublicKey struct {
	encoded    [PublicKeySize]byte // as received, for the hash
	base       *point.Table        // of B, windows of 8 bits
	minus      *point.Table        // of -A
	smallOrder bool
	canonical  bool
}

// Bits a window. 256 is a multiple of both.
const (
	defaultWindow = 8
	compactWindow = 4
)

// baseTable is shared by all keys and built with the first of them.
var baseTable = sync.OnceValue(func() *point.Table {
	b := point.Base()
	return point.NewTable(&b, defaultWindow)
})

// NewPublicKey decodes key as crypto/ed25519.Verify does and precomputes 387 KiB
// of its multiples.
func NewPublicKey(key []byte) (*PublicKey, error) { return newPublicKey(key, defaultWindow) }

// NewCompactPublicKey is NewPublicKey with a table of 54 KiB, for services that
// hold thousands of keys. Each verification takes 96 additions instead of 64.
func NewCompactPublicKey(key []byte) (*PublicKey, error) { return newPublicKey(key, compactWindow) }

func newPublicKey(key []byte, window int) (*PublicKey, error) {
	if len(key) != PublicKeySize {
		return nil, ErrPublicKey
	}
	k := &PublicKey{encoded: [PublicKeySize]byte(key)}
	var a point.Point
	if !a.SetBytes(&k.encoded) {
		return nil, ErrPublicKey
	}
	k.canonical = a.Bytes() == k.encoded
	k.smallOrder = a.IsSmallOrder()
	k.base = baseTable()
	k.minus = point.NewTable(a.Neg(&a), window)
	return k, nil
}

func (k *PublicKey) isCompact() bool { return k.minus.Windows == 256/compactWindow }

// IsCanonical reports whether the key is encoded as RFC 8032, Section 5.1.2
// prescribes: y below p, and no sign on x = 0. Verify accepts others, as
// crypto/ed25519 does.
func (k *PublicKey) IsCanonical() bool { return k.canonical }

// IsSmallOrder reports whether 8*A is the neutral element. Such a key has
// signatures that hold for many messages. Verify accepts it, as crypto/ed25519
// does.
func (k *PublicKey) IsSmallOrder() bool { return k.smallOrder }
