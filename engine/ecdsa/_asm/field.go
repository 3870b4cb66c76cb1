package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// An element is eight field elements, limb i of all of them in register i: radix
// 2^52. It stands for x*2^260 modulo p for the number x (Montgomery's form).
//
//	tight  every limb below 2^52, for VPMADD52 reads 52 bits and no more; the
//	       number below 2^260. What carry returns, what mul takes.
//	wide   limbs of either sign below 2^60 in size. What mul returns, sums and
//	       differences of those.
//
// Bounds of numbers are given in units of 2^256, which is p and a little: a
// product of numbers below a and b is below 1 + ab/16.
type element [5]reg.VecVirtual

const radix = 52

// The limbs of p = 2^256 - 2^224 + 2^192 + 2^96 - 1; limb 2 is 0.
var prime = [5]int64{1<<52 - 1, 1<<44 - 1, 0, 1 << 36, 1<<48 - 1<<16}

// consts are the constants that stay in memory, for broadcasts: the mask of a limb,
// what a quotient digit is multiplied by (see mul), and -2^48.
type consts struct {
	mask, two44, two36, limb4, minus48 Mem
	multiples                          map[int][5]Mem // of p, by limb
}

func newConsts() consts {
	c := consts{
		mask:      ConstData("mask52", U64(1<<radix-1)),
		two44:     ConstData("two44", U64(1<<44)),
		two36:     ConstData("two36", U64(1<<36)),
		limb4:     ConstData("limb4", U64(prime[4])),
		minus48:   ConstData("minus48", U64(1<<64-1<<48)),
		multiples: map[int][5]Mem{},
	}
	for _, m := range []struct {
		times int
		name  string
	}{{2, "twice"}, {3, "thrice"}, {7, "seven"}} {
		var limbs [5]Mem
		for i, l := range prime {
			if l != 0 {
				limbs[i] = ConstData(m.name+string(rune('0'+i)), U64(int64(m.times)*l))
			}
		}
		c.multiples[m.times] = limbs
	}
	return c
}

// gen holds what the pieces of one function share.
type gen struct {
	consts
	mask52 reg.VecVirtual
}

func newGen(c consts) *gen {
	g := &gen{c, ZMM()}
	VPBROADCASTQ(c.mask, g.mask52)
	return g
}

// Sizes in memory, in bytes.
const (
	vectorSize  = 64
	elementSize = 5 * vectorSize
)

func load(m Mem) (e element) {
	for i := range e {
		e[i] = ZMM()
		VMOVDQU64(m.Offset(i*vectorSize), e[i])
	}
	return e
}

func (e element) store(m Mem) {
	for i := range e {
		VMOVDQU64(e[i], m.Offset(i*vectorSize))
	}
}

// zero returns 0: any register xored with itself, which the processor knows not
// to wait for. That it is not z with itself is for avo, which takes a source for
// something that was set before.
func (g *gen) zero() reg.VecVirtual {
	z := ZMM()
	VPXORQ(g.mask52, g.mask52, z)
	return z
}

// work is a piece of straight code, an instruction or a few at a time, so that
// it can be laid between another piece's. A product alone waits for its chains
// of additions; the schedulers do not look far enough ahead to fill the gaps
// from the next product, and so two of them are mixed here.
type work []func()

func (w work) do() {
	for _, step := range w {
		step()
	}
}

// mix does all pieces at an even pace, so that they end together.
func mix(pieces ...work) {
	longest := 0
	for _, w := range pieces {
		longest = max(longest, len(w))
	}
	done := make([]int, len(pieces))
	for i := range longest {
		for n, w := range pieces {
			for ; done[n]*longest < (i+1)*len(w); done[n]++ {
				w[done[n]]()
			}
		}
	}
}

// mul is the work that sets r to a*b / 2^260, wide, for a and b in memory.
//
// VPMADD52 gives each product of limbs in two halves, the upper of which belongs
// to the next column. A column has nine halves at most, and two or three more of
// the reduction: it stays below 12 * 2^52, and so do the carries into it.
//
// Column i is complete once limb i of a has been multiplied, and is cleared then,
// while the next limb is: q, its low 52 bits, times p is added, and limb 0 of p is
// -1, so that column i and q times limb 0 are q*2^52 and what was above q. With
// that carried, limb 1 of p, which is 2^44 - 1, counts as 2^44.
func (g *gen) mul(r *element, a, b Mem) (w work) {
	var t [10]reg.VecVirtual
	var x reg.VecVirtual
	column := func(k int) reg.VecVirtual {
		if t[k] == nil {
			t[k] = g.zero()
		}
		return t[k]
	}
	for i := range 5 {
		w = append(w, func() {
			x = ZMM()
			VMOVDQU64(a.Offset(i*vectorSize), x)
		})
		for j := range 5 {
			w = append(w, func() { VPMADD52LUQ(b.Offset(j*vectorSize), x, column(i+j)) })
		}
		if i > 0 {
			w = append(w, g.clear(&t, i-1, column)...)
		}
		for j := range 5 {
			w = append(w, func() { VPMADD52HUQ(b.Offset(j*vectorSize), x, column(i+j+1)) })
		}
	}
	w = append(w, g.clear(&t, 4, column)...)
	return append(w, func() { copy(r[:], t[5:]) })
}

// clear is the work that adds the multiple of p to the columns that clears column
// i, and carries what is above it.
func (g *gen) clear(t *[10]reg.VecVirtual, i int, column func(int) reg.VecVirtual) work {
	var above reg.VecVirtual
	return work{
		func() {
			above = ZMM()
			VPSRLQ(U8(radix), t[i], above)
		},
		func() { VPMADD52LUQ_BCST(g.two44, t[i], column(i+1)) },
		func() { VPMADD52HUQ_BCST(g.two44, t[i], column(i+2)) },
		func() { VPADDQ(above, column(i+1), column(i+1)) },
		func() { VPMADD52LUQ_BCST(g.two36, t[i], column(i+3)) },
		func() { VPMADD52HUQ_BCST(g.two36, t[i], column(i+4)) },
		func() { VPMADD52LUQ_BCST(g.limb4, t[i], column(i+4)) },
		func() { VPMADD52HUQ_BCST(g.limb4, t[i], column(i+5)) },
	}
}

// carry makes a wide element tight, in place, for a number that is not negative
// and below 2^260.
func (g *gen) carry(a element) element {
	for k := range 4 {
		q := ZMM()
		VPSRAQ(U8(radix), a[k], q)
		VPANDQ(g.mask52, a[k], a[k])
		VPADDQ(q, a[k+1], a[k+1])
	}
	return a
}

// reduce subtracts a multiple of p, in place, so that what is left is above 0.99
// and below 2.01, for a wide number between -16 and 16.
//
// With q + 1 for the number's part above 2^256, rounded down, which limb 4 tells
// but for less than 2^-40, q*2^256 - q*2^224 + q*2^192 + q*2^96 - q is subtracted.
func (g *gen) reduce(a element) element {
	q, s := ZMM(), ZMM()
	VPADDQ_BCST(g.minus48, a[4], q)
	VPSRAQ(U8(48), q, q)
	VPADDQ(q, a[0], a[0])
	VPSLLQ(U8(44), q, s)
	VPSUBQ(s, a[1], a[1])
	s = ZMM()
	VPSLLQ(U8(36), q, s)
	VPSUBQ(s, a[3], a[3])
	s = ZMM()
	VPSLLQ(U8(16), q, s)
	VPADDQ(s, a[4], a[4])
	s = ZMM()
	VPSLLQ(U8(48), q, s)
	VPSUBQ(s, a[4], a[4])
	return a
}

// sub returns a - b, uncarried.
func sub(a, b element) (r element) {
	for k := range r {
		r[k] = ZMM()
		VPSUBQ(b[k], a[k], r[k])
	}
	return r
}

// plus adds a multiple of p, in place.
func (g *gen) plus(a element, times int) element {
	for k, m := range g.multiples[times] {
		if prime[k] != 0 {
			VPADDQ_BCST(m, a[k], a[k])
		}
	}
	return a
}
