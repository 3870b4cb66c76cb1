//go:build !purego

package ecdsa

import (
	"github.com/tollgate/tollgate/engine/ecdsa/internal/ifma"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/point"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/scalar"
)

// lanes is how many signatures the vector code verifies at once.
const lanes = 8

// aloneUpTo is how many signatures are verified faster one after the other.
const aloneUpTo = 3

// A group is the signatures in the lanes, of keys with tables of one kind. It
// holds numbers and places in the batch, and so no slice of the caller's.
type group struct {
	n      int
	at     [lanes]int // in the batch
	r, s   [lanes]scalar.Scalar
	u1, u2 [lanes]scalar.Scalar
	sum    ifma.Point // [u1]G + [u2]Q
}

// batchOfLanes verifies eight signatures at a time, first those under keys with
// whole tables, then those under compact ones, and what is of other curves one by
// one.
func batchOfLanes(keys []*PublicKey, digests, sigs [][]byte, valid []bool) {
	var g group
	clear(valid)
	for i, k := range keys {
		if k != nil && k.other != nil {
			valid[i] = k.verify(avx512ifma, digests[i], sigs[i])
		}
	}
	for _, compact := range [...]bool{false, true} {
		for i, k := range keys {
			if k == nil || k.table == nil || k.isCompact() != compact || !g.add(i, sigs[i]) {
				continue
			}
			if g.n == lanes {
				g.verify(keys, digests, valid)
			}
		}
		if g.n > aloneUpTo {
			g.verify(keys, digests, valid)
		}
		for _, i := range g.at[:g.n] {
			valid[i] = keys[i].verify(avx512ifma, digests[i], sigs[i])
		}
		g.n = 0
	}
}

// add gives the signature a lane, unless it is to be refused as it stands.
func (g *group) add(i int, sig []byte) bool {
	j := g.n
	if len(sig) != SignatureSize || !g.r[j].SetBytes((*[32]byte)(sig)) || !g.s[j].SetBytes((*[32]byte)(sig[32:])) {
		return false
	}
	g.at[j] = i
	g.n++
	return true
}

// verify sets the verdicts of the signatures in the lanes, and empties them. A
// lane without a signature does what the first does.
func (g *group) verify(keys []*PublicKey, digests [][]byte, valid []bool) {
	scalar.InvertAll(g.s[:g.n])
	var base, table [lanes]*point.Entry
	for j := range lanes {
		if j >= g.n {
			base[j], table[j], g.u1[j], g.u2[j] = base[0], table[0], g.u1[0], g.u2[0]
			continue
		}
		i := g.at[j]
		base[j], table[j] = &keys[i].base.Entries[0], &keys[i].table.Entries[0]
		g.u1[j], g.u2[j] = multipliers(&g.r[j], &g.s[j], digests[i])
	}
	first := keys[g.at[0]]
	var c1 [32][lanes]int8
	turn8(&c1, &g.u1)
	ifma.Prefetch(&base, c1[:], first.base.Stride)
	var c2 [64][lanes]int8
	steps := c2[:]
	if first.isCompact() {
		turn4(&c2, &g.u2)
	} else {
		steps = c2[:32]
		turn8((*[32][lanes]int8)(steps), &g.u2)
	}
	ifma.Prefetch(&table, steps, first.table.Stride)

	ifma.Start(&g.sum, &base, &c1[0])
	for j := range base {
		base[j] = &first.base.Entries[first.base.Stride]
	}
	ifma.Accumulate(&g.sum, &base, c1[1:], first.base.Stride)
	ifma.Accumulate(&g.sum, &table, steps, first.table.Stride)
	ifma.Finish(&g.sum)
	for j, i := range g.at[:g.n] {
		valid[i] = keys[i].hasX(&g.sum, j, &g.r[j], &g.u1[j], &g.u2[j])
	}
	g.n = 0
}

// turn8 sets c[i][j] to digit i of scalar j.
func turn8(c *[32][lanes]int8, u *[lanes]scalar.Scalar) {
	for j := range u {
		for i, digit := range u[j].Digits8() {
			c[i][j] = digit
		}
	}
}

func turn4(c *[64][lanes]int8, u *[lanes]scalar.Scalar) {
	for j := range u {
		for i, digit := range u[j].Digits4() {
			c[i][j] = digit
		}
	}
}
