package keyset

import (
	"errors"
	"fmt"
)

// The reasons for which an entry of a JWK set is not loaded.
var (
	// ErrEntry: the entry is no object of unique members, or one of them has the
	// wrong type or encoding.
	ErrEntry = errors.New("malformed entry")
	// ErrKind: kty and crv name no public-key signature this package verifies.
	ErrKind = errors.New("kind of key is not supported")
	// ErrAlgorithm: alg is a signature algorithm, and not one for keys of this kind.
	ErrAlgorithm = errors.New("alg does not go with the key")
	// ErrForeign: alg is none of the signature algorithms this package verifies.
	ErrForeign = errors.New("alg is not a supported signature algorithm")
	// ErrPrivate: the entry holds the private key, or a symmetric one. Whoever can
	// read the set can sign.
	ErrPrivate = errors.New("entry has a private part")
	// ErrUse: use or key_ops say that the key is not for verifying signatures.
	ErrUse = errors.New("key is not for verifying signatures")
	// ErrSmallOrder: an Ed25519 key that verifies signatures nobody made.
	ErrSmallOrder = errors.New("key is of small order")
	// ErrNotCanonical: an Ed25519 key in an encoding other than its only right one.
	ErrNotCanonical = errors.New("key is not in canonical encoding")
	// ErrPoint: the coordinates are not of a point of the curve.
	ErrPoint = errors.New("key is not a point of its curve")
	// ErrRSA: a modulus below 2048 or above 8192 bits, or an exponent that is even
	// or below 3 or above 2^31 - 1.
	ErrRSA = errors.New("RSA key is too weak or too large")
	// ErrROCA: an RSA modulus of the form by which it can be factored
	// (CVE-2017-15361).
	ErrROCA = errors.New("RSA key can be factored (CVE-2017-15361)")
	// ErrTooMany: the set has more keys than are kept.
	ErrTooMany = errors.New("too many keys")
)

// Refused is an entry that was not loaded, and why.
type Refused struct {
	Index int    // place in the set
	KeyID string // kid, where there was one
	Err   error
}

func (r Refused) String() string {
	return fmt.Sprintf("key %d (kid %q): %v", r.Index, r.KeyID, r.Err)
}

// Harmless reports whether the entry is one that sound issuers publish beside
// their signature keys: keys for encryption, of other kinds or for other
// algorithms. There is nothing to mend then, and nothing to warn of.
func (r Refused) Harmless() bool {
	return errors.Is(r.Err, ErrUse) || errors.Is(r.Err, ErrKind) || errors.Is(r.Err, ErrForeign)
}
