package main

import (
	std "crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"math/big"

	"github.com/tollgate/tollgate/bench/interleave"
	"github.com/tollgate/tollgate/engine/ecdsa"
)

// signatures are what every case of a curve verifies, in turn: enough of them that
// no branch predictor knows them by heart.
type signatures struct {
	keys          []*std.PublicKey
	of            []int // signatures to keys
	digests, sigs [][]byte
	r, s          []*big.Int
}

const count = 256

// newSignatures makes count signatures under n keys in turn.
func newSignatures(curve elliptic.Curve, n int) *signatures {
	s := new(signatures)
	size := (curve.Params().BitSize + 7) / 8
	var private []*std.PrivateKey
	for range n {
		k := must(std.GenerateKey(curve, rand.Reader))
		private = append(private, k)
		s.keys = append(s.keys, &k.PublicKey)
	}
	for i := range count {
		digest := make([]byte, 32)
		rand.Read(digest)
		r, v, err := std.Sign(rand.Reader, private[i%n], digest)
		if err != nil {
			panic(err)
		}
		s.of = append(s.of, i%n)
		s.digests = append(s.digests, digest)
		s.r, s.s = append(s.r, r), append(s.s, v)
		s.sigs = append(s.sigs, append(r.FillBytes(make([]byte, size)), v.FillBytes(make([]byte, size))...))
	}
	return s
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// es256 are the cases of P-256; the first is the reference.
func es256() (cases []interleave.Case, sizes map[string]int) {
	single, eight := newSignatures(elliptic.P256(), 1), newSignatures(elliptic.P256(), 8)
	name := "tollgate " + ecdsa.Backend()
	key := must(ecdsa.NewPublicKey(single.keys[0]))
	compact := must(ecdsa.NewCompactPublicKey(single.keys[0]))
	sizes = map[string]int{}
	batch := func(label string, s *signatures, size int) interleave.Case {
		var each []*ecdsa.PublicKey
		var keys []*ecdsa.PublicKey
		for _, k := range s.keys {
			keys = append(keys, must(ecdsa.NewPublicKey(k)))
		}
		for _, k := range s.of {
			each = append(each, keys[k])
		}
		valid := make([]bool, size)
		title := fmt.Sprintf("%s, batch of %d%s", name, size, label)
		sizes[title] = size
		return inTurn(title, size, func(from int) bool {
			ecdsa.VerifyBatch(each[from:from+size], s.digests[from:from+size], s.sigs[from:from+size], valid)
			for _, v := range valid {
				if !v {
					return false
				}
			}
			return true
		})
	}
	return []interleave.Case{
		inTurn("crypto/ecdsa", 1, func(i int) bool { return std.Verify(single.keys[0], single.digests[i], single.r[i], single.s[i]) }),
		inTurn(name, 1, func(i int) bool { return key.Verify(single.digests[i], single.sigs[i]) }),
		inTurn(name+", compact key", 1, func(i int) bool { return compact.Verify(single.digests[i], single.sigs[i]) }),
		batch("", single, 8),
		batch(", 8 keys", eight, 8),
		batch("", single, 64),
		inTurn("NewPublicKey", 1, func(int) bool { return must(ecdsa.NewPublicKey(single.keys[0])) != nil }),
		inTurn("NewCompactPublicKey", 1, func(int) bool { return must(ecdsa.NewCompactPublicKey(single.keys[0])) != nil }),
	}, sizes
}

// otherCurve are the cases of P-384 or P-521.
func otherCurve(curve elliptic.Curve) []interleave.Case {
	s := newSignatures(curve, 1)
	key := must(ecdsa.NewPublicKey(s.keys[0]))
	return []interleave.Case{
		inTurn("crypto/ecdsa", 1, func(i int) bool { return std.Verify(s.keys[0], s.digests[i], s.r[i], s.s[i]) }),
		inTurn("tollgate", 1, func(i int) bool { return key.Verify(s.digests[i], s.sigs[i]) }),
	}
}

// inTurn is a case that verifies size signatures at a time, from one place after
// the other.
func inTurn(name string, size int, verify func(from int) bool) interleave.Case {
	next := 0
	return interleave.Case{Name: name, Run: func(n int) {
		for range n {
			if !verify(next) {
				panic(name + " refused a good signature")
			}
			next = (next + size) % count
		}
	}}
}
