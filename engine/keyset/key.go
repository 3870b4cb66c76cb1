package keyset

import (
	"crypto"
	"crypto/sha256"

	"github.com/tollgate/tollgate/engine/ecdsa"
	"github.com/tollgate/tollgate/engine/ed25519"
	"github.com/tollgate/tollgate/engine/rsa"
)

// A Key verifies the signatures of one key under the one algorithm that is its
// own.
type Key struct {
	id        string
	algorithm algorithm
	digest    [sha256.Size]byte // of the entry it was made of
	ed25519   *ed25519.PublicKey
	ecdsa     *ecdsa.PublicKey
	rsa       *rsa.PublicKey
}

// ID is the kid of the key, empty where its entry has none.
func (k *Key) ID() string { return k.id }

// Algorithm is the one value of alg that the key verifies.
func (k *Key) Algorithm() string { return k.algorithm.name }

// Ed25519 is the key itself where its algorithm is EdDSA, and nil otherwise: for
// who verifies many signatures at once.
func (k *Key) Ed25519() *ed25519.PublicKey { return k.ed25519 }

// ES256 is the key itself where its algorithm is ES256, and nil otherwise: for
// who verifies many signatures at once.
func (k *Key) ES256() *ecdsa.PublicKey {
	if k.algorithm.curve != "P-256" {
		return nil
	}
	return k.ecdsa
}

// Verify reports whether signature, as it stands in a JWS, is that of message.
func (k *Key) Verify(message, signature []byte) bool {
	switch {
	case k.ed25519 != nil:
		return k.ed25519.Verify(message, signature)
	case k.ES256() != nil:
		digest := sha256.Sum256(message)
		return k.ecdsa.Verify(digest[:], signature)
	case k.ecdsa != nil:
		return k.ecdsa.Verify(sum(k.algorithm.hash, message), signature)
	}
	if k.algorithm.hash == crypto.SHA256 {
		digest := sha256.Sum256(message)
		return k.verifyRSA(digest[:], signature)
	}
	return k.verifyRSA(sum(k.algorithm.hash, message), signature)
}

func (k *Key) verifyRSA(digest, signature []byte) bool {
	if k.algorithm.pss {
		return k.rsa.VerifyPSS(k.algorithm.hash, digest, signature)
	}
	return k.rsa.VerifyPKCS1v15(k.algorithm.hash, digest, signature)
}

func sum(h crypto.Hash, message []byte) []byte {
	d := h.New()
	d.Write(message)
	return d.Sum(nil)
}
