package main

import (
	std "crypto/ed25519"
	"crypto/rand"
	"fmt"

	circl "github.com/cloudflare/circl/sign/ed25519"
	"github.com/hdevalence/ed25519consensus"
	voi "github.com/oasisprotocol/curve25519-voi/primitives/ed25519"

	"github.com/tollgate/tollgate/bench/interleave"
	"github.com/tollgate/tollgate/engine/ed25519"
)

const reference = "crypto/ed25519"

// one is a case that verifies one signature at a time.
func one(name string, s *signatures, verify func(i int) bool) interleave.Case {
	next := 0
	return interleave.Case{Name: name, Run: func(n int) {
		for range n {
			if !verify(next) {
				panic(name + " refused a good signature")
			}
			next = (next + 1) % len(s.sigs)
		}
	}}
}

// batchSizes holds, by name, how many signatures an operation of a case verifies
// where that is not one.
var batchSizes = map[string]int{}

// many is a case that verifies size signatures at a time.
func many(name string, s *signatures, size int, verify func(from, to int) bool) interleave.Case {
	batchSizes[name] = size
	next := 0
	return interleave.Case{Name: name, Run: func(n int) {
		for range n {
			if !verify(next, next+size) {
				panic(name + " refused a good signature")
			}
			next = (next + size) % len(s.sigs)
		}
	}}
}

// perSignature measures, and divides what an operation took by its signatures.
func perSignature(cases []interleave.Case, o interleave.Options) []interleave.Row {
	rows := interleave.Measure(cases, o)
	for i := range rows {
		r := &rows[i]
		size := float64(max(1, batchSizes[r.Name]))
		for _, v := range []*float64{&r.Min, &r.P25, &r.Median, &r.Allocs, &r.Bytes} {
			*v /= size
		}
		for j := range r.Rounds {
			r.Rounds[j] /= size
		}
	}
	return rows
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func standard(s *signatures) interleave.Case {
	return one(reference, s, func(i int) bool { return std.Verify(s.keys[s.of[i]], s.messages[i], s.sigs[i]) })
}

// ours returns the cases of the backend that runs in this process.
func ours(single, eight *signatures) []interleave.Case {
	name := "tollgate " + ed25519.Backend()
	batch := func(label string, s *signatures, size int) interleave.Case {
		var keys []*ed25519.PublicKey
		for _, k := range s.keys {
			keys = append(keys, must(ed25519.NewPublicKey(k)))
		}
		var each []*ed25519.PublicKey
		for _, k := range s.of {
			each = append(each, keys[k])
		}
		valid := make([]bool, size)
		return many(fmt.Sprintf("%s, batch of %d%s", name, size, label), s, size, func(from, to int) bool {
			ed25519.VerifyBatch(each[from:to], s.messages[from:to], s.sigs[from:to], valid)
			for _, v := range valid {
				if !v {
					return false
				}
			}
			return true
		})
	}
	key := must(ed25519.NewPublicKey(single.keys[0]))
	compact := must(ed25519.NewCompactPublicKey(single.keys[0]))
	return []interleave.Case{
		one(name, single, func(i int) bool { return key.Verify(single.messages[i], single.sigs[i]) }),
		one(name+", compact key", single, func(i int) bool { return compact.Verify(single.messages[i], single.sigs[i]) }),
		batch("", single, 8),
		batch(", 8 keys", eight, 8),
		batch("", single, 64),
	}
}

func peers(s *signatures) []interleave.Case {
	key := s.keys[0]
	expanded := must(voi.NewExpandedPublicKey(voi.PublicKey(key)))
	voiBatch := func(size int) interleave.Case {
		return many(fmt.Sprintf("curve25519-voi, batch of %d, expanded key", size), s, size, func(from, to int) bool {
			b := voi.NewBatchVerifierWithCapacity(size)
			for i := from; i < to; i++ {
				b.AddExpanded(expanded, s.messages[i], s.sigs[i])
			}
			ok, _ := b.Verify(rand.Reader)
			return ok
		})
	}
	return []interleave.Case{
		one("curve25519-voi", s, func(i int) bool { return voi.Verify(voi.PublicKey(key), s.messages[i], s.sigs[i]) }),
		one("curve25519-voi, expanded key", s, func(i int) bool { return voi.VerifyExpanded(expanded, s.messages[i], s.sigs[i]) }),
		voiBatch(8),
		voiBatch(64),
		one("circl", s, func(i int) bool { return circl.Verify(circl.PublicKey(key), s.messages[i], s.sigs[i]) }),
		one("ed25519consensus", s, func(i int) bool { return ed25519consensus.Verify(key, s.messages[i], s.sigs[i]) }),
		many("ed25519consensus, batch of 64", s, 64, func(from, to int) bool {
			v := ed25519consensus.NewBatchVerifier()
			for i := from; i < to; i++ {
				v.Add(key, s.messages[i], s.sigs[i])
			}
			return v.Verify()
		}),
	}
}

// building times what making a key costs.
func building(s *signatures) []interleave.Case {
	of := func(name string, make func(key []byte)) interleave.Case {
		return interleave.Case{Name: name, Run: func(n int) {
			for range n {
				make(s.keys[0])
			}
		}}
	}
	return []interleave.Case{
		of("tollgate NewPublicKey", func(key []byte) { must(ed25519.NewPublicKey(key)) }),
		of("tollgate NewCompactPublicKey", func(key []byte) { must(ed25519.NewCompactPublicKey(key)) }),
		of("curve25519-voi NewExpandedPublicKey", func(key []byte) { must(voi.NewExpandedPublicKey(voi.PublicKey(key))) }),
	}
}
