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

// choose returns the algorithms that a key serves: the one its entry names, or
// else all for its kind and curve, in the order of the table. Ed25519 (RFC 9864)
// is another name of EdDSA, since no other curve of EdDSA is supported.
func choose(alg, kind, curve string) ([]algorithm, error) {
	if alg == "Ed25519" {
		alg = "EdDSA"
	}
	var serves []algorithm
	supported, known := false, alg == ""
	for _, a := range algorithms {
		known = known || alg == a.name
		if a.kind != kind || a.curve != curve {
			continue
		}
		supported = true
		if alg == "" || alg == a.name {
			serves = append(serves, a)
		}
	}
	switch {
	case !supported:
		return nil, ErrKind
	case !known:
		return nil, ErrForeign
	case serves == nil:
		return nil, ErrAlgorithm
	}
	return serves, nil
}
