package keyset

import "github.com/tollgate/tollgate/engine/ed25519"

// okp reads x, an Ed25519 key (RFC 8037, section 2). It is stricter than
// verification, which has to agree with crypto/ed25519 on every key: a key that
// a sound issuer cannot have is not loaded.
func (e entry) okp(k *Key) error {
	x, err := e.bytes("x")
	if err != nil {
		return err
	}
	key, err := ed25519.NewPublicKey(x)
	switch {
	case err != nil:
		return ErrPoint
	case key.IsSmallOrder():
		return ErrSmallOrder
	case !key.IsCanonical():
		return ErrNotCanonical
	}
	k.ed25519 = key
	return nil
}
