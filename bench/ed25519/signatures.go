package main

import (
	std "crypto/ed25519"
	"encoding/binary"
	"math/rand/v2"
)

// signatures are what every case verifies, in turn: enough of them that no
// branch predictor knows them by heart.
type signatures struct {
	keys     []std.PublicKey
	of       []int // signatures to keys
	messages [][]byte
	sigs     [][]byte
}

const (
	count       = 256
	messageSize = 400
)

// newSignatures makes count signatures under n keys in turn.
func newSignatures(n int, seed uint64) *signatures {
	rng := rand.NewChaCha8([32]byte(binary.LittleEndian.AppendUint64(make([]byte, 24), seed)))
	s := new(signatures)
	var private []std.PrivateKey
	for range n {
		b := make([]byte, std.SeedSize)
		rng.Read(b)
		private = append(private, std.NewKeyFromSeed(b))
		s.keys = append(s.keys, private[len(private)-1].Public().(std.PublicKey))
	}
	for i := range count {
		m := make([]byte, messageSize)
		rng.Read(m)
		s.of = append(s.of, i%n)
		s.messages = append(s.messages, m)
		s.sigs = append(s.sigs, std.Sign(private[i%n], m))
	}
	return s
}
