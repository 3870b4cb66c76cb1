package ecdsa

//lint:file-ignore SA1019 keys that are none have coordinates too

import (
	"bytes"
	std "crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"slices"
)

// A path is one way to a verdict: a backend, a kind of table, alone or in a
// lane of a batch.
type path struct {
	name   string
	verify func(key *std.PublicKey, digest, sig []byte) bool
}

// keyCache spares the tests the tables of keys that come again.
type keyCache map[string]*PublicKey

func (c keyCache) get(key *std.PublicKey, of func(*std.PublicKey) (*PublicKey, error)) *PublicKey {
	name := key.X.String() + " " + key.Y.String()
	k, ok := c[name]
	if !ok {
		k, _ = of(key) // nil for what is no key, and a nil key verifies nothing
		if len(c) > 64 {
			clear(c)
		}
		c[name] = k
	}
	return k
}

// paths returns every path that this machine has.
func paths() []path {
	var list []path
	whole, compact := keyCache{}, keyCache{}
	for _, b := range backends {
		list = append(list,
			path{string(b), func(key *std.PublicKey, digest, sig []byte) bool {
				return whole.get(key, NewPublicKey).verify(b, digest, sig)
			}},
			path{string(b) + " compact", func(key *std.PublicKey, digest, sig []byte) bool {
				return compact.get(key, NewCompactPublicKey).verify(b, digest, sig)
			}},
			path{string(b) + " batch", func(key *std.PublicKey, digest, sig []byte) bool {
				return batchVerdict(b, whole.get(key, NewPublicKey), compact.get(key, NewCompactPublicKey), digest, sig)
			}},
		)
	}
	return list
}

// rfc6979 is the key of RFC 6979, Appendix A.2.5, with the signature of "sample"
// that is there for SHA-256, and one that is not.
var rfc6979 = func() (n struct {
	private *std.PrivateKey
	public  *std.PublicKey
	key     *PublicKey
	compact *PublicKey
	digest  []byte
	good    []byte
	bad     []byte
}) {
	var err error
	n.private, err = std.ParseRawPrivateKey(elliptic.P256(), unhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"))
	if err != nil {
		panic(err)
	}
	n.public = &n.private.PublicKey
	if n.key, err = NewPublicKey(n.public); err != nil {
		panic(err)
	}
	if n.compact, err = NewCompactPublicKey(n.public); err != nil {
		panic(err)
	}
	digest := sha256.Sum256([]byte("sample"))
	n.digest = digest[:]
	n.good = unhex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" +
		"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")
	n.bad = bytes.Clone(n.good)
	n.bad[0] ^= 1
	return n
}()

// batchVerdict puts the case in two lanes of each of two sizes of batch, once
// with either kind of table, between neighbours that are good and bad in turn,
// and panics where a verdict depends on its lane or a neighbour's is wrong.
func batchVerdict(b backend, whole, compact *PublicKey, digest, sig []byte) bool {
	var verdicts []bool
	for _, size := range []int{5, 18} {
		keys := make([]*PublicKey, size)
		digests, sigs := make([][]byte, size), make([][]byte, size)
		valid := make([]bool, size)
		for i := range size {
			keys[i], digests[i], sigs[i] = rfc6979.key, rfc6979.digest, rfc6979.good
			if i%2 == 1 {
				keys[i] = rfc6979.compact
			}
			if i%3 == 0 {
				sigs[i] = rfc6979.bad
			}
			valid[i] = i%3 == 0 // to be overwritten
		}
		first := 0
		for _, v := range digest {
			first += int(v)
		}
		first %= size
		second := (first + 1) % size
		keys[first], digests[first], sigs[first] = whole, digest, sig
		keys[second], digests[second], sigs[second] = compact, digest, sig
		verifyBatch(b, keys, digests, sigs, valid)
		for i, v := range valid {
			if i == first || i == second {
				verdicts = append(verdicts, v)
			} else if v != (i%3 != 0) {
				panic("a neighbour's verdict is wrong")
			}
		}
	}
	if slices.Contains(verdicts, !verdicts[0]) {
		panic("the verdict depends on the lane")
	}
	return verdicts[0]
}

// oracle is crypto/ecdsa.Verify on r ‖ s of full length.
func oracle(key *std.PublicKey, digest, sig []byte) bool {
	size := (key.Curve.Params().BitSize + 7) / 8
	if len(sig) != 2*size {
		return false
	}
	return std.Verify(key, digest, new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:]))
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
