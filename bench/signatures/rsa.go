package main

import (
	"crypto"
	"crypto/rand"
	std "crypto/rsa"

	"github.com/tollgate/tollgate/bench/interleave"
	"github.com/tollgate/tollgate/engine/rsa"
)

// rsaCases are the cases of a modulus of so many bits, by PSS or by PKCS #1 v1.5;
// the first is the reference.
func rsaCases(bits int, pss bool) []interleave.Case {
	private := must(std.GenerateKey(rand.Reader, bits))
	salt := &std.PSSOptions{SaltLength: std.PSSSaltLengthEqualsHash}
	digests, sigs := make([][]byte, count), make([][]byte, count)
	for i := range count {
		digests[i] = make([]byte, 32)
		rand.Read(digests[i])
		if pss {
			sigs[i] = must(std.SignPSS(rand.Reader, private, crypto.SHA256, digests[i], salt))
		} else {
			sigs[i] = must(std.SignPKCS1v15(nil, private, crypto.SHA256, digests[i]))
		}
	}
	public := &private.PublicKey
	key := must(rsa.NewPublicKey(public))
	reference := func(i int) bool { return std.VerifyPKCS1v15(public, crypto.SHA256, digests[i], sigs[i]) == nil }
	ours := func(i int) bool { return key.VerifyPKCS1v15(crypto.SHA256, digests[i], sigs[i]) }
	if pss {
		reference = func(i int) bool { return std.VerifyPSS(public, crypto.SHA256, digests[i], sigs[i], salt) == nil }
		ours = func(i int) bool { return key.VerifyPSS(crypto.SHA256, digests[i], sigs[i]) }
	}
	return []interleave.Case{
		inTurn("crypto/rsa", 1, reference),
		inTurn("tollgate "+rsa.Backend(), 1, ours),
		inTurn("NewPublicKey", 1, func(int) bool { return must(rsa.NewPublicKey(public)) != nil }),
	}
}

// measureRSA measures PKCS #1 v1.5 in each size, and PSS in the usual one.
func measureRSA(o interleave.Options) (groups []group) {
	for _, c := range []struct {
		name string
		bits int
		pss  bool
	}{
		{"RS256, 2048 bits", 2048, false},
		{"PS256, 2048 bits", 2048, true},
		{"RS256, 3072 bits", 3072, false},
		{"RS256, 4096 bits", 4096, false},
	} {
		groups = append(groups, group{c.name, rsa.Backend(), interleave.Measure(rsaCases(c.bits, c.pss), o)})
	}
	return groups
}
