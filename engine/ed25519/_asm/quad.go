package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A quad is four field elements, limb i of all of them in register i. Without
// VPMADD52 there is VPMULUDQ, which multiplies 32 bits by 32 to 64: ten limbs,
// in radix 2^25.5, limb i of weight 2^ceil(25.5i).
//
//	tight   < 2^26 + 2^18, odd limbs 2^25 + 2^18   what mul leaves
//	second  < 3*2^26 + 2^19, odd limbs half        what mul takes as b: y+x, e, g
//	loose   < 2^28 + 2^20, odd limbs half          what mul takes as a: f
type quad [10]reg.VecVirtual

// Sizes in memory, in bytes. A point is x, y, z and t: quad.Point.
const (
	quadVector  = 32
	quadSize    = 10 * quadVector
	quadX       = 0 * quadSize
	quadY       = 1 * quadSize
	quadZ       = 2 * quadSize
	quadT       = 3 * quadSize
	quadPoint   = 4 * quadSize
	quadAddress = 4 * 8
)

func newQuadGen() *quadGen {
	everywhere := func(name string, v uint64) Mem {
		m := GLOBL(name, RODATA|NOPTR)
		for i := range 4 {
			DATA(8*i, U64(v))
		}
		return m
	}
	q := &quadGen{nineteen: everywhere("nineteen", 19)}
	q.masks[0], q.masks[1] = everywhere("mask26", 1<<26-1), everywhere("mask25", 1<<25-1)
	even, odd := everywhere("twiceEven", 1<<27-2), everywhere("twiceOdd", 1<<26-2)
	for i := range q.twice {
		if q.twice[i] = even; i%2 == 1 {
			q.twice[i] = odd
		}
	}
	q.twice[0] = everywhere("twice0", 1<<27-38)
	return q
}

func quadFile() {
	q := newQuadGen()
	q.mulFunc()
	q.accumulateFunc()
	q.sumFunc()
}

// quadGen holds what the pieces of one function share.
type quadGen struct {
	// Constants in all four lanes: 19, the bits of a limb, the limbs of 2p, each
	// above any tight limb.
	nineteen Mem
	masks    [2]Mem
	twice    [10]Mem

	mask    [2]reg.VecVirtual // the masks, by start
	times19 Mem               // 19 times the limbs of the factor that folded was called with
}

func quadLoad(m Mem) (a quad) {
	for i := range a {
		a[i] = YMM()
		VMOVDQU(m.Offset(i*quadVector), a[i])
	}
	return a
}

func (a quad) store(m Mem) {
	for i := range a {
		VMOVDQU(a[i], m.Offset(i*quadVector))
	}
}

// folded prepares b as a second factor, 19 times which is below 2^32.
func (q *quadGen) folded(b Mem) {
	by := YMM()
	VMOVDQU(q.nineteen, by)
	for j := 1; j < 10; j++ {
		t := YMM()
		VPMULUDQ(b.Offset(j*quadVector), by, t)
		VMOVDQU(t, q.times19.Offset(j*quadVector))
	}
}

// mul returns a*b, tight, for a and b in memory and b folded.
//
// The product of limbs i and j has the weight of column i+j, twice that where
// both are odd, and column k+10 is worth 19 times column k. Column 0 is the
// largest: (1 + 4*19) * 2^28*3*2^26 + 5*38 * 2^27*3*2^25 < 2^62.6, which the terms
// of 2^20 and 2^19 do not change.
func (q *quadGen) mul(a, b Mem) (r quad) {
	for i := range 10 {
		x := YMM()
		VMOVDQU(a.Offset(i*quadVector), x)
		twice := x
		if i%2 == 1 {
			twice = YMM()
			VPADDQ(x, x, twice)
		}
		for j := range 10 {
			y, by := b.Offset(j*quadVector), x
			if i+j >= 10 {
				y = q.times19.Offset(j * quadVector)
			}
			if i%2 == 1 && j%2 == 1 {
				by = twice
			}
			k := (i + j) % 10
			if i == 0 {
				r[k] = YMM()
				VPMULUDQ(y, by, r[k])
				continue
			}
			t := YMM()
			VPMULUDQ(y, by, t)
			VPADDQ(t, r[k], r[k])
		}
	}
	return q.carry(r)
}

// carry makes limbs below 2^63 tight, in place: all limbs at once, twice, which
// takes more instructions than one limb after the other and waits for fewer. The
// first carries are below 2^38, so that limb 0 is left below 2^42.6 and the others
// below 2^38.1; the second are below 2^17 from limb 0 and 2^13.1 from the others,
// of which 19 times the last are below 2^17.4.
func (q *quadGen) carry(r quad) quad {
	for round := range 2 {
		var last reg.VecVirtual
		for k := 9; k >= 0; k-- { // downwards, so that one carry alone needs a register
			c := YMM()
			VPSRLQ(U8(26-k%2), r[k], c)
			VPAND(q.mask[k%2], r[k], r[k])
			if k == 9 {
				last = c
			} else {
				VPADDQ(c, r[k+1], r[k+1])
			}
		}
		if round == 0 { // VPMULUDQ would not take so large a carry
			for _, shift := range []int{1, 4} {
				t := YMM()
				VPSLLQ(U8(shift), last, t)
				VPADDQ(t, r[0], r[0])
			}
		} else {
			VPMULUDQ(q.nineteen, last, last)
		}
		VPADDQ(last, r[0], r[0])
	}
	return r
}

// start brings the masks into registers.
func (q *quadGen) start() {
	for i := range q.mask {
		q.mask[i] = YMM()
		VMOVDQU(q.masks[i], q.mask[i])
	}
}

// mulFunc is the multiplication on its own, for the tests of the arithmetic.
func (q *quadGen) mulFunc() {
	TEXT("mul", 0, "func(r, a, b *[10][4]uint64)")
	Doc("mul sets r to a * b in each lane: limbs below 2^26 + 2^18, odd ones 2^25 + 2^18, for",
		"those of a below 2^28 + 2^20 and of b below 3*2^26 + 2^19, odd ones half of that.")
	Pragma("noescape")
	f := newFrame(quadSize, quadVector)
	q.times19 = f.place(quadSize)
	b := Mem{Base: Load(Param("b"), GP64())}
	q.start()
	q.folded(b)
	r := q.mul(Mem{Base: Load(Param("a"), GP64())}, b)
	r.store(Mem{Base: Load(Param("r"), GP64())})
	VZEROUPPER()
	RET()
}

// accumulateFunc is the sum over the windows, where nearly all time goes. Sixteen
// registers hold one product at a time, so that none can be mixed with another as
// in the code for AVX-512: how they overlap is left to the processor.
func (q *quadGen) accumulateFunc() {
	TEXT("accumulate", 0, "func(p *[4][10][4]uint64, window *[3][4]uint64, digits *int8, steps, stride int)")
	Doc("accumulate adds to p, in each lane, steps entries of a table, one a step: lane j takes",
		"the window j strides of bytes after the first, the entry that the digit there names,",
		"negated where the digit is negative. After each step all move on by four windows.",
		"It works like point.Table.AddMultiple.")
	Pragma("noescape")
	digits := Load(Param("digits"), GP64())
	steps := Load(Param("steps"), GP64())
	window := Load(Param("window"), GP64())
	stride := Load(Param("stride"), GP64())
	f := newFrame(quadPoint+10*quadSize+3*quadAddress, quadVector)
	s := q.space(f)
	addresses := f.place(3 * quadAddress)
	copyQuads(Mem{Base: Load(Param("p"), GP64())}, s.p)

	q.start()
	Label("step")
	for lane := range 4 {
		digit, sign, plusAt := GP64(), GP64(), GP64()
		MOVBQSX(Mem{Base: digits, Disp: lane}, digit)
		MOVQ(digit, sign)
		SARQ(Imm(63), sign)
		XORQ(sign, digit)
		SUBQ(sign, digit)
		LEAQ(Mem{Base: digit, Index: digit, Scale: 2}, digit)
		SHLQ(Imm(5), digit)
		ADDQ(window, digit)
		ADDQ(stride, window)
		ANDQ(Imm(32), sign) // where y-x takes the place of y+x
		LEAQ(Mem{Base: digit, Index: sign, Scale: 1}, plusAt)
		MOVQ(plusAt, addresses.Offset(8*lane))
		NEGQ(sign)
		LEAQ(Mem{Base: digit, Index: sign, Scale: 1, Disp: 32}, plusAt)
		MOVQ(plusAt, addresses.Offset(quadAddress+8*lane))
		ADDQ(Imm(64), digit)
		MOVQ(digit, addresses.Offset(2*quadAddress+8*lane))
	}
	q.fetch(addresses).store(s.plus)
	q.fetch(addresses.Offset(quadAddress)).store(s.minus)
	q.negated(q.fetch(addresses.Offset(2*quadAddress)), digits).store(s.t2d)
	q.addition(s)

	ADDQ(Imm(4), digits)
	DECQ(steps)
	JNZ(LabelRef("step"))

	copyQuads(s.p, Mem{Base: Load(Param("p"), GP64())})
	VZEROUPPER()
	RET()
}

// copyQuads copies a point.
func copyQuads(from, to Mem) {
	for c := 0; c < quadPoint; c += quadSize {
		quadLoad(from.Offset(c)).store(to.Offset(c))
	}
}

// A quadSpace is what an addition to the point p keeps in memory: the other point
// as y-x, y+x and 2dt, and what comes on the way.
type quadSpace struct{ p, minus, plus, t2d, left, right, e, f, g, h Mem }

// space places a quadSpace, and where folded leaves its limbs.
func (q *quadGen) space(f *frame) (s quadSpace) {
	s.p = f.place(quadPoint)
	for _, m := range []*Mem{&s.minus, &s.plus, &s.t2d, &s.left, &s.right, &s.e, &s.f, &s.g, &s.h, &q.times19} {
		*m = f.place(quadSize)
	}
	return s
}

// difference stores y-x + 2p and y+x.
func (q *quadGen) difference(x, y, minus, plus Mem) {
	for i := range 10 {
		at := i * quadVector
		a, b, d := YMM(), YMM(), YMM()
		VMOVDQU(x.Offset(at), a)
		VMOVDQU(y.Offset(at), b)
		VPADDQ(q.twice[i], b, d)
		VPSUBQ(a, d, d)
		VMOVDQU(d, minus.Offset(at))
		VPADDQ(a, b, b)
		VMOVDQU(b, plus.Offset(at))
	}
}

// addition adds to s.p the other point, for which z is 1 or has been multiplied
// into that of s.p before. It goes in an order in which no product waits for the
// one before it.
func (q *quadGen) addition(s quadSpace) {
	q.difference(s.p.Offset(quadX), s.p.Offset(quadY), s.left, s.right)
	q.folded(s.minus)
	q.mul(s.left, s.minus).store(s.left) // a
	q.folded(s.t2d)
	c := q.mul(s.p.Offset(quadT), s.t2d)
	for i := range c { // f = 2z - c, g = 2z + c
		at := i * quadVector
		d, g := YMM(), YMM()
		VMOVDQU(s.p.Offset(quadZ+at), d)
		VPADDQ(d, d, d)
		VPADDQ(c[i], d, g)
		VMOVDQU(g, s.g.Offset(at))
		VPADDQ(q.twice[i], d, d)
		VPSUBQ(c[i], d, d)
		VMOVDQU(d, s.f.Offset(at))
	}
	q.folded(s.plus)
	b := q.mul(s.right, s.plus)
	for i := range b { // e = b - a, h = b + a
		at := i * quadVector
		a, e := YMM(), YMM()
		VMOVDQU(s.left.Offset(at), a)
		VPADDQ(q.twice[i], b[i], e)
		VPSUBQ(a, e, e)
		VMOVDQU(e, s.e.Offset(at))
		VPADDQ(a, b[i], b[i])
		VMOVDQU(b[i], s.h.Offset(at))
	}
	q.folded(s.g)
	q.mul(s.f, s.g).store(s.p.Offset(quadZ))
	q.mul(s.h, s.g).store(s.p.Offset(quadY))
	q.folded(s.e)
	q.mul(s.h, s.e).store(s.p.Offset(quadT))
	q.mul(s.f, s.e).store(s.p.Offset(quadX))
}

// sumFunc adds up the lanes.
func (q *quadGen) sumFunc() {
	orders := GLOBL("orders", RODATA|NOPTR) // of halves of lanes: the other half, the other lane of the half
	for i, v := range []uint32{4, 5, 6, 7, 0, 1, 2, 3, 2, 3, 0, 1, 6, 7, 4, 5} {
		DATA(4*i, U32(v))
	}
	TEXT("sum", 0, "func(p *[4][10][4]uint64, d2 *[10][4]uint64)")
	Doc("sum sets every lane of p to the sum of all four, with 2d in d2: twice it adds to each",
		"lane another. It works like point.Point.Add.")
	Pragma("noescape")
	f := newFrame(2*quadPoint+10*quadSize, quadVector)
	s := q.space(f)
	other := f.place(quadPoint)
	copyQuads(Mem{Base: Load(Param("p"), GP64())}, s.p)
	q.start()
	order, levels := GP64(), GP64()
	LEAQ(orders, order)
	MOVQ(U32(2), levels)

	Label("level")
	by := YMM()
	VMOVDQU(Mem{Base: order}, by)
	for at := 0; at < quadPoint; at += quadVector {
		v := YMM()
		VPERMD(s.p.Offset(at), by, v)
		VMOVDQU(v, other.Offset(at))
	}
	q.difference(other.Offset(quadX), other.Offset(quadY), s.minus, s.plus)
	d2 := Mem{Base: Load(Param("d2"), GP64())}
	q.folded(d2)
	q.mul(other.Offset(quadT), d2).store(s.t2d)
	z := s.p.Offset(quadZ)
	q.folded(z)
	q.mul(other.Offset(quadZ), z).store(z)
	q.addition(s)
	ADDQ(Imm(quadVector), order)
	DECQ(levels)
	JNZ(LabelRef("level"))

	copyQuads(s.p, Mem{Base: Load(Param("p"), GP64())})
	VZEROUPPER()
	RET()
}

// fetch reads four words from each of four addresses, and returns them as limbs.
// The top bit of the last word is 0.
func (q *quadGen) fetch(addresses Mem) (l quad) {
	var at [4]reg.GPVirtual
	for i := range at {
		at[i] = GP64()
		MOVQ(addresses.Offset(8*i), at[i])
	}
	var w [4]reg.VecVirtual
	for half := range 2 {
		var row [2]reg.VecVirtual // lanes i and i+2
		for i := range row {
			low := XMM()
			row[i] = YMM()
			VMOVDQU(Mem{Base: at[i], Disp: 16 * half}, low)
			VINSERTI128(U8(1), Mem{Base: at[i+2], Disp: 16 * half}, low.AsY(), row[i])
		}
		w[2*half], w[2*half+1] = YMM(), YMM()
		VPUNPCKLQDQ(row[1], row[0], w[2*half])
		VPUNPCKHQDQ(row[1], row[0], w[2*half+1])
	}
	for i := range l {
		at := (51*i + 1) / 2 // 0, 26, 51, 77, ...
		word, bit := at/64, at%64
		l[i] = YMM()
		from := w[word]
		if bit > 0 {
			VPSRLQ(U8(bit), from, l[i])
			from = l[i]
		}
		if width := 26 - i%2; bit+width > 64 {
			t := YMM()
			VPSLLQ(U8(64-bit), w[word+1], t)
			VPOR(t, from, l[i])
		}
		VPAND(q.mask[i%2], from, l[i])
	}
	return l
}

// negated returns 2p - l in the lanes whose digit is negative, for l canonical.
func (q *quadGen) negated(l quad, digits reg.Register) quad {
	digit, negative := YMM(), YMM()
	VPMOVSXBQ(Mem{Base: digits}, digit)
	VPXOR(digit, digit, negative)
	VPCMPGTQ(digit, negative, negative)
	for i := range l {
		minus := YMM()
		VMOVDQU(q.twice[i], minus)
		VPSUBQ(l[i], minus, minus)
		VPBLENDVB(negative, minus, l[i], l[i])
	}
	return l
}
