package ed25519

import (
	"bytes"
	std "crypto/ed25519"
	"encoding/hex"
	"slices"
)

// A path is one way to a verdict: a backend, a kind of table, alone or in a
// lane of a batch.
type path struct {
	name   string
	verify func(key, message, sig []byte) bool
}

// keyCache spares the tests the tables of keys that come again.
type keyCache map[string]*PublicKey

func (c keyCache) get(key []byte, of func([]byte) (*PublicKey, error)) *PublicKey {
	k, ok := c[string(key)]
	if !ok {
		k, _ = of(key) // nil for what is no key, and a nil key verifies nothing
		if len(c) > 64 {
			clear(c)
		}
		c[string(key)] = k
	}
	return k
}

// paths returns every path that this machine has.
func paths() []path {
	var list []path
	for _, b := range backends {
		whole, compact := keyCache{}, keyCache{}
		list = append(list,
			path{string(b), func(key, message, sig []byte) bool {
				return whole.get(key, NewPublicKey).verify(b, message, sig)
			}},
			path{string(b) + " compact", func(key, message, sig []byte) bool {
				return compact.get(key, NewCompactPublicKey).verify(b, message, sig)
			}},
			path{string(b) + " batch", func(key, message, sig []byte) bool {
				return batchVerdict(b, whole.get(key, NewPublicKey), compact.get(key, NewCompactPublicKey), message, sig)
			}},
		)
	}
	return list
}

var neighbour = func() (n struct {
	key           *PublicKey
	message, good []byte
	bad           []byte
}) {
	private := std.NewKeyFromSeed(bytes.Repeat([]byte{7}, std.SeedSize))
	n.key, _ = NewPublicKey(private.Public().(std.PublicKey))
	n.message = []byte("the lane beside")
	n.good = std.Sign(private, n.message)
	n.bad = slices.Clone(n.good)
	n.bad[0] ^= 1
	return n
}()

// batchVerdict puts the case in two lanes of each of two sizes of batch, once
// with either kind of table, between neighbours that are good and bad in turn,
// and panics where a verdict depends on its lane or a neighbour's is wrong.
func batchVerdict(b backend, whole, compact *PublicKey, message, sig []byte) bool {
	var verdicts []bool
	for _, size := range []int{5, 16} {
		keys := make([]*PublicKey, size)
		messages, sigs := make([][]byte, size), make([][]byte, size)
		valid := make([]bool, size)
		for i := range size {
			keys[i], messages[i], sigs[i] = neighbour.key, neighbour.message, neighbour.good
			if i%3 == 0 {
				sigs[i] = neighbour.bad
			}
			valid[i] = i%3 == 0 // to be overwritten
		}
		first, second := len(message)%size, (len(message)+1)%size
		keys[first], messages[first], sigs[first] = whole, message, sig
		keys[second], messages[second], sigs[second] = compact, message, sig
		verifyBatch(b, keys, messages, sigs, valid)
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

// oracle is crypto/ed25519.Verify, which panics on a key of another length.
func oracle(key, message, sig []byte) bool {
	return len(key) == PublicKeySize && std.Verify(key, message, sig)
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
