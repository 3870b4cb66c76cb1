//go:build !purego

package ed25519

import (
	"github.com/tollgate/tollgate/engine/ed25519/internal/adx"
	"github.com/tollgate/tollgate/engine/ed25519/internal/field"
	"github.com/tollgate/tollgate/engine/ed25519/internal/ifma"
	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
	"github.com/tollgate/tollgate/engine/ed25519/internal/scalar"
)

// lanes is how many signatures the vector code verifies at once.
const lanes = 8

// aloneUpTo is how many signatures are verified faster one after the other.
const aloneUpTo = 2

// A group is the signatures in the lanes, of keys with tables of one kind. It
// holds copies and places in the batch, and so no slice of the caller's.
type group struct {
	n      int
	at     [lanes]int // in the batch
	r      [lanes][32]byte
	s      ifma.Scalars
	hasher ifma.Hasher
	sum    ifma.Point // [s]B - [k]A
}

// batchOfLanes verifies eight signatures at a time, first those under keys
// with whole tables, then those under compact ones.
func batchOfLanes(keys []*PublicKey, messages, sigs [][]byte, valid []bool) {
	var g group
	clear(valid)
	for _, compact := range [...]bool{false, true} {
		for i, k := range keys {
			if k == nil || k.minus == nil || k.isCompact() != compact || !g.add(i, k, sigs[i]) {
				continue
			}
			if g.n == lanes {
				g.verify(keys, messages, valid)
			}
		}
		if g.n > aloneUpTo {
			g.verify(keys, messages, valid)
		}
		for _, i := range g.at[:g.n] {
			valid[i] = keys[i].verify(avx512ifma, messages[i], sigs[i])
		}
		g.n = 0
	}
}

// add gives the signature a lane, unless it is to be refused as it stands.
func (g *group) add(i int, k *PublicKey, sig []byte) bool {
	var s scalar.Scalar
	if len(sig) != SignatureSize || !s.SetCanonical((*[32]byte)(sig[32:])) {
		return false
	}
	j := g.n
	g.n++
	g.at[j] = i
	g.r[j] = [32]byte(sig)
	ifma.SetScalar(&g.s, j, &s)
	copy(g.hasher.Heads[j][:32], sig)
	copy(g.hasher.Heads[j][32:], k.encoded[:])
	return true
}

// verify sets the verdicts of the signatures in the lanes, and empties them. A
// lane without a signature does what the first does.
func (g *group) verify(keys []*PublicKey, messages [][]byte, valid []bool) {
	var tails [lanes][]byte
	var base, minus [lanes]*point.Entry
	for j := range lanes {
		i := g.at[0]
		if j < g.n {
			i = g.at[j]
		} else {
			g.hasher.Heads[j] = g.hasher.Heads[0]
		}
		tails[j] = messages[i]
		base[j], minus[j] = &keys[i].base.Entries[0], &keys[i].minus.Entries[0]
	}
	b, a := keys[g.at[0]].base, keys[g.at[0]].minus
	d := ifma.Digits8(&g.s)
	ifma.Prefetch(&base, d[:], b.Stride)
	challenges := reduce(g.hasher.Sum(&tails))

	g.sum = ifma.Identity()
	if a.Windows == b.Windows {
		c := ifma.Digits8(&challenges)
		ifma.Prefetch(&minus, c[:], a.Stride)
		ifma.Accumulate(&g.sum, &base, d[:], b.Stride)
		ifma.Accumulate(&g.sum, &minus, c[:], a.Stride)
	} else {
		c := digits4(&challenges)
		ifma.Prefetch(&minus, c[:], a.Stride)
		ifma.Accumulate(&g.sum, &base, d[:], b.Stride)
		ifma.Accumulate(&g.sum, &minus, c[:], a.Stride)
	}
	encodings := encodings(&g.sum)
	for j, i := range g.at[:g.n] {
		valid[i] = encodings[j] == g.r[j]
	}
	g.n = 0
}

// reduce returns each lane's digest modulo L.
func reduce(digests *[8][lanes]uint64) (r ifma.Scalars) {
	for j := range lanes {
		var digest [8]uint64
		for i := range digest {
			digest[i] = digests[i][j]
		}
		var s scalar.Scalar
		ifma.SetScalar(&r, j, s.SetWords(&digest))
	}
	return r
}

// digits4 returns each lane's digits for a compact table.
func digits4(s *ifma.Scalars) (d [64][lanes]int8) {
	for j := range lanes {
		lane := scalar.Scalar{s[0][j], s[1][j], s[2][j], s[3][j]}
		for i, digit := range lane.Digits4() {
			d[i][j] = digit
		}
	}
	return d
}

// encodings returns each lane's encoding, with one inversion for all: Z of all
// lanes but one is the product of three vectors.
func encodings(p *ifma.Point) (list [lanes][32]byte) {
	// Lanes half a vector, a quarter and an eighth away, and the products so far.
	var other, others, product ifma.Vector
	product = p[ifma.Z]
	for n, distance := range [...]int{4, 2, 1} {
		for i := range product {
			for j := range lanes {
				other[i][j] = product[i][j^distance]
			}
		}
		if n == 0 {
			others = other
		} else {
			ifma.Mul(&others, &others, &other)
		}
		ifma.Mul(&product, &product, &other)
	}
	inverse := ifma.Lane(&product, 0)
	adx.Invert(&inverse, inverse.Add(&inverse, &inverse))
	var all, x, y ifma.Vector
	for j := range lanes {
		ifma.SetLane(&all, j, &inverse)
	}
	ifma.Mul(&all, &all, &others) // 1/(2Z)

	for j := range lanes {
		minus, plus := ifma.Lane(&p[ifma.YMinusX], j), ifma.Lane(&p[ifma.YPlusX], j)
		var e field.Element
		ifma.SetLane(&x, j, e.Carry(e.Sub(&plus, &minus)))
		ifma.SetLane(&y, j, e.Carry(e.Add(&plus, &minus)))
	}
	ifma.Mul(&x, &x, &all)
	ifma.Mul(&y, &y, &all)
	for j := range lanes {
		ex, ey := ifma.Lane(&x, j), ifma.Lane(&y, j)
		list[j] = ey.Bytes()
		if ex.IsNegative() {
			list[j][31] |= 1 << 7
		}
	}
	return list
}
