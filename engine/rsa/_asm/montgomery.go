package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const greater = 6 // the predicate "not less or equal" of a comparison

// A multiplier writes the code of one size. A number is n registers of eight
// limbs; limb 8k + i is lane i of register k.
type multiplier struct {
	n    int
	mask VecVirtual // 2^52 - 1 in each lane
	work Mem        // n registers, for carries that ripple
}

// montgomery writes the Montgomery multiplication z = x*y/R mod N (R = 2^(416 n)),
// by three products without a chain of digits: T = x*y, M = T*N' mod R, and the
// upper half of M*N, where N' = -1/N mod R.
func montgomery(n int) {
	limbs := 8 * n
	TEXT(fmt.Sprintf("mul%d", limbs), 0, fmt.Sprintf("func(z, x, y *[%d]uint64, m *[%d]uint64)", limbs, 2*limbs))
	Doc(fmt.Sprintf("mul%d sets z to x*y/R modulo N, less than 2N, for x and y less than 2N, R = 2^%d, the first half of m = N and", limbs, 52*limbs),
		"the second = -1/N mod R. All limbs are less than 2^52. It works like mulGeneric.")
	Pragma("noescape")
	z, x, y, m := Load(Param("z"), GP64()), Load(Param("x"), GP64()), Load(Param("y"), GP64()), Load(Param("m"), GP64())
	size := 64 * n
	low, high, quotient := AllocLocal(size), AllocLocal(size), AllocLocal(size)
	c := &multiplier{n: n, work: AllocLocal(size)}

	// T = x*y, the low half with limbs as they should be, the high half as
	// sums of up to 60 bits.
	t := c.product(Mem{Base: x}, Mem{Base: y})
	extra := GP64()
	for i := range n {
		VMOVDQU64(t[n+i], high.Offset(64*i))
	}
	over := c.normalize(t[:n], extra)
	VPADDQ(high, over, over)
	VMOVDQU64(over, high)
	for i := range n {
		VMOVDQU64(t[i], low.Offset(64*i))
	}
	// The low half of T + M*N is 0 modulo R by the choice of M. So the highest
	// limb of the low half of M*N is known from T alone: it is the complement
	// of T's, to 2^52 - 1 where a lower limb of T is not 0, else to 2^52.
	any, some := ZMM(), K()
	VMOVDQA64(t[0], any)
	for i := 1; i < n-1; i++ {
		VPORQ(t[i], any, any)
	}
	last := ZMM()
	VMOVDQU64(ConstLanes("below", 7), last)
	VPANDQ(t[n-1], last, last)
	VPORQ(last, any, any)
	VPTESTMQ(any, any, some)
	below, top := GP64(), GP64()
	KMOVB(some, below.As32())
	XORQ(top, top)
	TESTQ(below, below)
	SETNE(top.As8()) // 1 where a lower limb is not 0
	limb, known, mask := GP64(), GP64(), GP64()
	MOVQ(low.Offset(size-8), limb)
	MOVQ(U64(1<<52-1), mask)
	MOVQ(U64(1<<52), known)
	SUBQ(limb, known)
	SUBQ(top, known)
	ANDQ(mask, known)
	// The low half of the sum is R where T's low half is not 0, and carries 1.
	ORQ(limb, top)
	carry := GP64()
	XORQ(carry, carry)
	TESTQ(top, top)
	SETNE(carry.As8())
	ADDQ(extra, carry)

	// M = T*N' mod R.
	q := c.lowProduct(Mem{Base: m}.Offset(size), low)
	c.normalize(q, nil)
	for i := range n {
		VMOVDQU64(q[i], quotient.Offset(64*i))
	}
	// The upper half of M*N, with the column below it: what that column's sum
	// has above the known limb is carried, and what it lacks came from below.
	u := c.highProduct(Mem{Base: m}, quotient)
	VMOVDQU64(u[0], c.work)
	column, from := GP64(), GP64()
	MOVQ(c.work.Offset(56), column)
	MOVQ(known, from)
	SUBQ(column, from)
	ANDQ(mask, from)
	ADDQ(from, column)
	SHRQ(U8(52), column)
	ADDQ(column, carry)
	// One lane of the word, by way of memory.
	r := u[1:]
	first := zero()
	VMOVDQU64(first, c.work)
	MOVQ(carry, c.work)
	VPADDQ(c.work, r[0], r[0])
	for i := range n {
		VPADDQ(high.Offset(64*i), r[i], r[i])
	}
	c.normalize(r, nil)
	for i := range n {
		VMOVDQU64(r[i], Mem{Base: z}.Offset(64*i))
	}
	VZEROUPPER()
	RET()
}

// ConstLanes is a constant with all bits set in the first so many lanes.
func ConstLanes(name string, lanes int) Mem {
	if m, ok := constants[name]; ok {
		return m
	}
	g := GLOBL(name, RODATA|NOPTR)
	for i := range 8 {
		word := uint64(0)
		if i < lanes {
			word = 1<<64 - 1
		}
		DATA(8*i, U64(word))
	}
	constants[name] = g
	return g
}

// constWord is a constant of one word.
func constWord(name string, word uint64) Mem {
	m, ok := constants[name]
	if !ok {
		m = ConstData(name, U64(word))
		constants[name] = m
	}
	return m
}

var constants = map[string]Mem{}

// zero is a register of zeros. It is loaded: avo takes an exclusive or of a
// register with itself for a use of what it held before.
func zero() VecVirtual {
	r := ZMM()
	VMOVDQU64(ConstLanes("zero", 0), r)
	return r
}

// A part is which sums of a product are wanted, by register: of first to last
// there are products, and one more register takes what moves up out of the last.
type part struct {
	name        string
	first, last int
	size        int  // registers of sums
	split       bool // the upper halves have sums of their own, which halves the chain of additions
	inMemory    bool // the first factor stays there, for want of registers
}

// sums writes the sums of one part of a*b: a loop over the limbs of b by their
// lane, from lane 7 down. In each round the sums take the upper halves of
// products, move up by one limb, and take the lower halves. So a lane's products
// have moved as often as its number says when the loop ends. under, if not nil,
// moves into the lowest sums.
func (c *multiplier) sums(p part, a, b Mem, under VecVirtual) []VecVirtual {
	factor := make([]Op, c.n)
	for i := range factor {
		factor[i] = a.Offset(64 * i)
		if !p.inMemory {
			r := ZMM()
			VMOVDQU64(a.Offset(64*i), r)
			factor[i] = r
		}
	}
	lower := make([]VecVirtual, p.size)
	for i := range lower {
		lower[i] = zero()
	}
	upper := lower
	if p.split {
		upper = make([]VecVirtual, p.size)
		for i := range upper {
			upper[i] = zero()
		}
	}
	at, left := GP64(), GP64()
	LEAQ(b.Offset(56), at)
	MOVQ(U64(8), left)
	round := newLabel(p.name)
	Label(round)
	c.each(Mem{Base: at}, p.first, p.last, func(k, q int, limb VecVirtual) {
		VPMADD52HUQ(factor[k], limb, upper[k+q-p.first])
	})
	moveUp(upper, under)
	if p.split {
		moveUp(lower, nil)
	}
	c.each(Mem{Base: at}, p.first, p.last, func(k, q int, limb VecVirtual) {
		VPMADD52LUQ(factor[k], limb, lower[k+q-p.first])
	})
	SUBQ(U8(8), at)
	DECQ(left)
	JNZ(LabelRef(round))
	if p.split {
		for i := range lower {
			VPADDQ(upper[i], lower[i], lower[i])
		}
	}
	return lower
}

var labels int

func newLabel(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

// each calls f for every register k of the first factor and limb q of the second
// whose product belongs to the sums from first to last: register k + q, with the
// limb broadcast.
func (c *multiplier) each(at Mem, first, last int, f func(k, q int, limb VecVirtual)) {
	for q := range c.n {
		if q+c.n-1 < first || q > last {
			continue
		}
		limb := ZMM()
		VPBROADCASTQ(at.Offset(64*q), limb)
		for k := range c.n {
			if s := k + q; first <= s && s <= last {
				f(k, q, limb)
			}
		}
	}
}

// product is a*b as 2n registers of sums.
func (c *multiplier) product(a, b Mem) []VecVirtual {
	return c.sums(part{name: "product", last: 2*c.n - 2, size: 2 * c.n, split: c.n <= 5}, a, b, nil)
}

// lowProduct is a*b mod R as n registers of sums.
func (c *multiplier) lowProduct(a, b Mem) []VecVirtual {
	return c.sums(part{name: "low", last: c.n - 1, size: c.n, split: true, inMemory: c.n > 9}, a, b, nil)
}

// highProduct is the registers n - 1 to 2n - 1 of the sums of a*b. Of the first,
// lane 7 alone counts: the others lack what comes from below.
func (c *multiplier) highProduct(a, b Mem) []VecVirtual {
	first := c.n - 1
	// Into lane 7 of the first register comes one limb from the register below:
	// lane 7 of the upper halves of what lane 7 of b gives there. It is moved up
	// in each round, and only where it is moved up first does it reach lane 7.
	under := zero()
	c.each(b.Offset(56), first-1, first-1, func(k, q int, limb VecVirtual) { VPMADD52HUQ(a.Offset(64*k), limb, under) })
	return c.sums(part{name: "high", first: first, last: 2*c.n - 2, size: c.n + 1, split: true, inMemory: c.n > 8}, a, b, under)
}

// moveUp moves sums up by one limb; under is the register below them, nil for 0.
func moveUp(sums []VecVirtual, under VecVirtual) {
	for i := len(sums) - 1; i > 0; i-- {
		VALIGNQ(U8(7), sums[i-1], sums[i], sums[i])
	}
	if under == nil {
		under = zero()
	}
	VALIGNQ(U8(7), under, sums[0], sums[0])
}

// normalize makes the limbs of r less than 2^52, from sums of at most 2^60. It
// returns what is carried out of r, in lane 0; extra, if not nil, is what is
// carried out besides.
func (c *multiplier) normalize(r []VecVirtual, extra GPVirtual) (over VecVirtual) {
	c.mask = ZMM()
	VPBROADCASTQ(constWord("mask", 1<<52-1), c.mask)
	carries := make([]VecVirtual, len(r))
	for i := range r {
		carries[i] = ZMM()
		VPSRLQ(U8(52), r[i], carries[i])
		VPANDQ(c.mask, r[i], r[i])
	}
	over = zero()
	VALIGNQ(U8(7), carries[len(r)-1], over, over)
	moveUp(carries, nil)
	large := K()
	for i := range r {
		VPADDQ(carries[i], r[i], r[i])
		k := large
		if i > 0 {
			k = K()
		}
		VPCMPUQ(U8(greater), c.mask, r[i], k)
		if i > 0 {
			KORB(k, large, large)
		}
	}
	if extra != nil {
		XORQ(extra, extra)
	}
	// The sums are random, so that hardly ever a limb is still too large; then
	// the carries ripple from limb to limb.
	done, again := newLabel("normal"), newLabel("ripple")
	KORTESTB(large, large)
	JZ(LabelRef(done))
	for i := range r {
		VMOVDQU64(r[i], c.work.Offset(64*i))
	}
	carry, p, left, limb, mask := GP64(), GP64(), GP64(), GP64(), GP64()
	XORQ(carry, carry)
	LEAQ(c.work, p)
	MOVQ(U64(8*len(r)), left)
	MOVQ(U64(1<<52-1), mask)
	Label(again)
	MOVQ(Mem{Base: p}, limb)
	ADDQ(carry, limb)
	MOVQ(limb, carry)
	SHRQ(U8(52), carry)
	ANDQ(mask, limb)
	MOVQ(limb, Mem{Base: p})
	ADDQ(U8(8), p)
	DECQ(left)
	JNZ(LabelRef(again))
	if extra != nil {
		MOVQ(carry, extra)
	}
	for i := range r {
		VMOVDQU64(c.work.Offset(64*i), r[i])
	}
	Label(done)
	return over
}
