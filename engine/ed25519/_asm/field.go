package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// An element is eight field elements, limb i of all of them in register i:
// radix 2^51, as in internal/field.
//
//	tight  l < 2^51 + 2^15   what carry returns, what mul takes: below 2^52,
//	                         for VPMADD52 reads 52 bits and no more
//	wide   l < 2^63          what mul returns, sums and differences of those
type element [5]reg.VecVirtual

const (
	radix = 51
	limb  = 1<<radix - 1
	// The limbs of 512p, each above 2^59.9, and so above what mul returns.
	offset0 = 512 * (limb - 18)
	offsetI = 512 * limb
	// The limbs of 2p, each above what a canonical element has.
	twice0 = 2 * (limb - 18)
	twiceI = 2 * limb
)

// consts are the constants that stay in memory, for broadcasts.
type consts struct{ offset0, offsetI, twice0, twiceI, nineteen, mask, part Mem }

func newConsts() consts {
	return consts{
		offset0:  ConstData("offset0", U64(offset0)),
		offsetI:  ConstData("offsetI", U64(offsetI)),
		twice0:   ConstData("twice0", U64(twice0)),
		twiceI:   ConstData("twiceI", U64(twiceI)),
		nineteen: ConstData("nineteen", U64(19)),
		mask:     ConstData("mask51", U64(limb)),
		part:     ConstData("part", U64(32)), // bytes of a part of an entry
	}
}

// gen holds what the pieces of one function share.
type gen struct {
	consts
	mask51 reg.VecVirtual
}

// offset is limb k of 512p, twice of 2p.
func (g *gen) offset(k int) Mem {
	if k == 0 {
		return g.offset0
	}
	return g.offsetI
}

func (g *gen) twice(k int) Mem {
	if k == 0 {
		return g.twice0
	}
	return g.twiceI
}

func newGen(c consts) *gen {
	g := &gen{c, ZMM()}
	VPBROADCASTQ(c.mask, g.mask51)
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
	VPXORQ(g.mask51, g.mask51, z)
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

// mul is the work that sets r to a*b, wide, for a and b in memory; plusOffset
// adds 512p to it, which makes room for subtracting another product.
//
// VPMADD52 gives each product of limbs in two halves, lo of weight 2^(51(i+j))
// and hi of weight 2^52 more, which is twice the next column. So with c the
// sums of lo and d those of hi, column k is c[k] + 2d[k]. The columns from 5 up
// are worth 19 times those five below, and are summed first: with u[k] = c[k+5]
// + 2d[k+5], the lower sums start from c[k] = 17u[k] and d[k] = u[k], and so end
// up with 19u[k] in them, at the price of a shift and two additions.
//
// A product of tight limbs has lo < 2^52 and hi < 2^50 + 2^15. Column 0 is the
// largest: 19 * (4*2^52 + 2*5*2^50) + 2^52 = 498 * 2^50 < 2^59. Where one factor
// has limbs up to 2^52, hi is below 2^51 + 2^15, and column 0 is below
// 19 * (4*2^52 + 2*5*2^51) + 2^52 = 688 * 2^50 < 2^59.5.
func (g *gen) mul(r *element, a, b Mem, plusOffset bool) (w work) {
	var x element
	for i := range x {
		w = append(w, func() {
			x[i] = ZMM()
			VMOVDQU64(a.Offset(i*vectorSize), x[i])
		})
	}
	var c, d [10]reg.VecVirtual
	var y reg.VecVirtual
	factor := func(j int) {
		w = append(w, func() {
			y = ZMM()
			VMOVDQU64(b.Offset(j*vectorSize), y)
		})
	}
	accumulate := func(sum *reg.VecVirtual, do func(ops ...Op), i, j int) {
		w = append(w, func() {
			if *sum == nil {
				*sum = ZMM()
				VPXORQ(y, y, *sum)
			}
			do(y, x[i], *sum)
		})
	}
	for j := range 5 {
		factor(j)
		for i := range 5 {
			if i+j >= 5 {
				accumulate(&c[i+j], VPMADD52LUQ, i, j)
			}
			if i+j+1 >= 5 {
				accumulate(&d[i+j+1], VPMADD52HUQ, i, j)
			}
		}
	}
	for k := range 5 {
		w = append(w, func() {
			u := d[k+5]
			VPADDQ(u, u, u)
			if k < 4 {
				VPADDQ(c[k+5], u, u)
			}
			c[k] = ZMM()
			VPSLLQ(U8(4), u, c[k])
			VPADDQ(u, c[k], c[k])
			if k == 0 { // there is no d[0]: 17u + 2u
				VPADDQ(u, u, u)
				VPADDQ(u, c[0], c[0])
			} else {
				d[k] = u
			}
			if plusOffset {
				VPADDQ_BCST(g.offset(k), c[k], c[k])
			}
		})
	}
	for j := range 5 {
		factor(j)
		for i := range 5 - j {
			accumulate(&c[i+j], VPMADD52LUQ, i, j)
			if i+j+1 < 5 {
				accumulate(&d[i+j+1], VPMADD52HUQ, i, j)
			}
		}
	}
	for k := range 5 {
		w = append(w, func() {
			if k > 0 {
				VPADDQ(d[k], d[k], d[k])
				VPADDQ(d[k], c[k], c[k])
			}
			r[k] = c[k]
		})
	}
	return w
}

// carry makes a wide element tight, in place: from limbs below 2^63 it carries
// less than 2^12, and 19 times that from the last to the first.
func (g *gen) carry(a element) element {
	var q element
	for k := range q {
		q[k] = ZMM()
		VPSRLQ(U8(radix), a[k], q[k])
		VPANDQ(g.mask51, a[k], a[k])
	}
	VPMADD52LUQ_BCST(g.nineteen, q[4], a[0])
	for k := range 4 {
		VPADDQ(q[k], a[k+1], a[k+1])
	}
	return a
}

// add returns a + b, uncarried.
func add(a, b element) (r element) {
	for k := range r {
		r[k] = ZMM()
		VPADDQ(b[k], a[k], r[k])
	}
	return r
}

// sub returns a - b, uncarried, where a is known to be the larger, limb by limb.
func sub(a, b element) (r element) {
	for k := range r {
		r[k] = ZMM()
		VPSUBQ(b[k], a[k], r[k])
	}
	return r
}

// plusOffset returns a + 512p, uncarried.
func (g *gen) plusOffset(a element) (r element) {
	for k := range r {
		r[k] = ZMM()
		VPADDQ_BCST(g.offset(k), a[k], r[k])
	}
	return r
}
