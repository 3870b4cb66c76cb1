package keyset

import (
	"crypto"
	_ "crypto/sha256" // the hashes of RFC 7518, section 3.1
	_ "crypto/sha512"
)

// algorithm is a signature algorithm of RFC 7518, section 3.1, or RFC 8037.
type algorithm struct {
	name  string
	kind  string // kty
	curve string // crv, where the kind has any
	hash  crypto.Hash
	pss   bool
}

var algorithms = []algorithm{
	{name: "EdDSA", kind: "OKP", curve: "Ed25519"},
	{name: "ES256", kind: "EC", curve: "P-256", hash: crypto.SHA256},
	{name: "ES384", kind: "EC", curve: "P-384", hash: crypto.SHA384},
	{name: "ES512", kind: "EC", curve: "P-521", hash: crypto.SHA512},
	{name: "RS256", kind: "RSA", hash: crypto.SHA256},
	{name: "RS384", kind: "RSA", hash: crypto.SHA384},
	{name: "RS512", kind: "RSA", hash: crypto.SHA512},
	{name: "PS256", kind: "RSA", hash: crypto.SHA256, pss: true},
	{name: "PS384", kind: "RSA", hash: crypto.SHA384, pss: true},
	{name: "PS512", kind: "RSA", hash: crypto.SHA512, pss: true},
}

// choose returns the algorithm of a key: the one its entry names, or else the
// first for its kind and curve. An RSA key that names none is taken for RS256,
// which every issuer that leaves alg out means by it.
func choose(alg, kind, curve string) (algorithm, error) {
	supported := false
	for _, a := range algorithms {
		if a.kind != kind || a.curve != curve {
			continue
		}
		supported = true
		if alg == "" || alg == a.name {
			return a, nil
		}
	}
	if !supported {
		return algorithm{}, ErrKind
	}
	return algorithm{}, ErrAlgorithm
}
