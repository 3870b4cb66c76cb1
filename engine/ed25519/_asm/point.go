package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A point in memory is y-x, y+x, z and t, eight of each: ifma.Point.
const (
	offsetMinus = iota * elementSize
	offsetPlus
	offsetZ
	offsetT
	pointSize
)

// newFrame returns n bytes of the frame, aligned to a vector of so many.
func newFrame(n, vector int) *frame {
	local := AllocLocal(n + vector)
	p := GP64()
	LEAQ(local.Offset(vector-1), p)
	ANDQ(I8(-vector), p)
	return &frame{Mem{Base: p}}
}

func pointFile() {
	c := newConsts()
	mulFunc(c)
	prefetchFunc()
	accumulateFunc(c)
	sumFunc(c)
}

// mulFunc is the multiplication on its own, for the inversion of a batch and
// for the tests of the arithmetic.
func mulFunc(c consts) {
	TEXT("mul", NOSPLIT, "func(r, a, b *[5][8]uint64)")
	Doc("mul sets r to a * b in each lane. The limbs of a and b must be below 2^52; those",
		"of r are tight. It works like field.Element.Mul.")
	Pragma("noescape")
	g := newGen(c)
	a := Mem{Base: Load(Param("a"), GP64())}
	b := Mem{Base: Load(Param("b"), GP64())}
	var r element
	g.mul(&r, a, b, false).do()
	g.carry(r)
	r.store(Mem{Base: Load(Param("r"), GP64())})
	VZEROUPPER()
	RET()
}

// A sumOf is what an addition keeps in memory on its way to the point p.
type sumOf struct{ p, e, f, g, h Mem }

// An entryOf is an entry of a table in each lane, as limbs.
type entryOf struct{ plus, minus, t2d Mem }

// A frame hands out aligned memory of the function's frame.
type frame struct{ at Mem }

// place returns the next n bytes.
func (f *frame) place(n int) Mem {
	m := f.at
	f.at = f.at.Offset(n)
	return m
}

func (f *frame) sumOf() sumOf {
	return sumOf{f.place(pointSize), f.place(elementSize), f.place(elementSize), f.place(elementSize), f.place(elementSize)}
}

// halves computes e = b - a and h = b + a.
func (g *gen) halves(s sumOf, a, b element) {
	g.carry(sub(b, a)).store(s.e)
	g.carry(add(b, a)).store(s.h)
}

// differences computes f = d - c and g = d + c for d = 2z.
func (g *gen) differences(s sumOf, c, z element) {
	d := add(z, z)
	g.carry(sub(g.plusOffset(d), c)).store(s.f)
	g.carry(add(d, c)).store(s.g)
}

// finish is the second half of an addition, from e, f, g and h: x = ef, y = gh,
// z = fg, t = eh, where t is wide already. z is left wide. Nothing soon waits
// for it, and so it leaves room for other work beside.
func (g *gen) finish(s sumOf, t element, beside work) {
	var x, y, z element
	g.carry(t).store(s.p.Offset(offsetT))
	mix(g.mul(&x, s.e, s.f, false), g.mul(&y, s.g, s.h, true))
	g.carry(sub(y, x)).store(s.p.Offset(offsetMinus))
	g.carry(add(y, x)).store(s.p.Offset(offsetPlus))
	mix(g.mul(&z, s.f, s.g, false), beside)
	z.store(s.p.Offset(offsetZ))
}

// transpose reads four words from each of eight addresses: word i of address
// j into lane j of vector i.
func transpose(address [8]reg.GPVirtual, displacement int) (w [4]reg.VecVirtual) {
	// A row holds two addresses, in the order that the shuffles undo.
	var row [4]reg.VecVirtual
	for i, pair := range [4][2]int{{0, 2}, {1, 3}, {4, 6}, {5, 7}} {
		row[i] = ZMM()
		VBROADCASTI64X4(Mem{Base: address[pair[0]], Disp: displacement}, row[i])
		VINSERTI64X4(U8(1), Mem{Base: address[pair[1]], Disp: displacement}, row[i], row[i])
	}
	var low, high [2]reg.VecVirtual // words 0 and 2, words 1 and 3
	for i := range 2 {
		low[i], high[i] = ZMM(), ZMM()
		VPUNPCKLQDQ(row[2*i+1], row[2*i], low[i])
		VPUNPCKHQDQ(row[2*i+1], row[2*i], high[i])
	}
	for i := range w {
		w[i] = ZMM()
	}
	const even, odd = 0x88, 0xdd // of the four quarters of each
	VSHUFI64X2(U8(even), low[1], low[0], w[0])
	VSHUFI64X2(U8(even), high[1], high[0], w[1])
	VSHUFI64X2(U8(odd), low[1], low[0], w[2])
	VSHUFI64X2(U8(odd), high[1], high[0], w[3])
	return w
}

// unpack turns four words into five limbs. The top bit of w[3] is 0.
func (g *gen) unpack(w [4]reg.VecVirtual) (e element) {
	for i := range e {
		e[i] = ZMM()
	}
	VPANDQ(g.mask51, w[0], e[0])
	for i := 1; i < 4; i++ {
		VPSHRDQ(U8(radix*i-64*(i-1)), w[i], w[i-1], e[i])
		VPANDQ(g.mask51, e[i], e[i])
	}
	VPSRLQ(U8(12), w[3], e[4])
	return e
}

// fetch is the work of reading the entries that the digits name in the windows.
// It keeps three addresses a lane: of y+x, y-x and 2dxy of the entry, the first
// two swapped where the digit is negative.
func (g *gen) fetch(e entryOf, windows, addresses Mem, digits reg.Register) (w work) {
	negative := K()
	w = append(w, func() {
		address := entryAddresses(windows, digits, negative)
		plus, minus, t2d := ZMM(), ZMM(), ZMM()
		VPADDQ_BCST(g.part, address, minus)
		VPADDQ_BCST(g.part, minus, t2d)
		VMOVDQA64(address, plus)
		VMOVDQA64(minus, negative, plus)
		VMOVDQA64(address, negative, minus)
		VMOVDQU64(plus, addresses)
		VMOVDQU64(minus, addresses.Offset(vectorSize))
		VMOVDQU64(t2d, addresses.Offset(2*vectorSize))
	})
	for n, to := range []Mem{e.plus, e.minus, e.t2d} {
		var words [4]reg.VecVirtual
		var limbs element
		w = append(w, func() {
			var at [8]reg.GPVirtual
			for i := range at {
				at[i] = GP64()
				MOVQ(addresses.Offset(n*vectorSize+8*i), at[i])
			}
			words = transpose(at, 0)
		}, func() { limbs = g.unpack(words) })
		for i := range limbs {
			w = append(w, func() {
				if n == 2 { // 2p - 2dxy where the digit is negative
					twice := ZMM()
					VPBROADCASTQ(g.twice(i), twice)
					VPSUBQ(limbs[i], twice, negative, limbs[i])
				}
				VMOVDQU64(limbs[i], to.Offset(i*vectorSize))
			})
		}
	}
	return w
}

// entryAddresses returns where in each lane's window the entry is that its digit
// names, and sets negative for the lanes whose digit is.
func entryAddresses(windows Mem, digits, negative reg.Register) reg.VecVirtual {
	digit, address, times := ZMM(), ZMM(), ZMM()
	VPMOVSXBQ(Mem{Base: digits}, digit)
	VPMOVQ2M(digit, negative)
	VPABSQ(digit, digit)
	// An entry has 96 bytes.
	VPSLLQ(U8(6), digit, address)
	VPSLLQ(U8(5), digit, times)
	VPADDQ(times, address, address)
	VPADDQ(windows, address, address)
	return address
}

// prefetchFunc asks for the entries that accumulate will read. While tables are
// in a cache it is a few dozen instructions for nothing; where they are not, the
// misses overlap with the hash and with each other.
func prefetchFunc() {
	TEXT("prefetch", NOSPLIT, "func(windows *[8]*[3][4]uint64, digits *[8]int8, steps, stride int)")
	Doc("prefetch brings into the cache what accumulate will read, given the same.")
	Pragma("noescape")
	digits := Load(Param("digits"), GP64())
	steps := Load(Param("steps"), GP64())
	local := AllocLocal(2 * vectorSize)
	windows, addresses := local, local.Offset(vectorSize)
	v, stride := ZMM(), ZMM()
	VMOVDQU64(Mem{Base: Load(Param("windows"), GP64())}, v)
	VPBROADCASTQ(Load(Param("stride"), GP64()), stride)
	Label("step")
	VMOVDQU64(v, windows)
	VMOVDQU64(entryAddresses(windows, digits, K()), addresses)
	VPADDQ(stride, v, v)
	for i := range 8 {
		at := GP64()
		MOVQ(addresses.Offset(8*i), at)
		// 96 bytes that start in the first or second half of a line end in the next.
		PREFETCHT0(Mem{Base: at})
		PREFETCHT0(Mem{Base: at}.Offset(64))
	}
	ADDQ(Imm(8), digits)
	DECQ(steps)
	JNZ(LabelRef("step"))
	VZEROUPPER()
	RET()
}

// accumulateFunc is the sum over the windows, where nearly all time goes.
func accumulateFunc(c consts) {
	TEXT("accumulate", 0, "func(p *[4][5][8]uint64, windows *[8]*[3][4]uint64, digits *[8]int8, steps, stride int)")
	Doc("accumulate adds to p, in each lane, steps entries of the tables at windows, one a",
		"step: the entry that the next eight of digits name, one a lane, negated where the",
		"digit is negative. After each step the windows move on by stride bytes. It works",
		"like point.Table.AddMultiple.")
	Pragma("noescape")
	g := newGen(c)
	digits := Load(Param("digits"), GP64())
	steps := Load(Param("steps"), GP64())
	f := newFrame(pointSize+7*elementSize+5*vectorSize, vectorSize)
	s := f.sumOf()
	e := entryOf{f.place(elementSize), f.place(elementSize), f.place(elementSize)}
	windows, stride, addresses := f.place(vectorSize), f.place(vectorSize), f.place(3*vectorSize)

	v := ZMM()
	VMOVDQU64(Mem{Base: Load(Param("windows"), GP64())}, v)
	VMOVDQU64(v, windows)
	v = ZMM()
	VPBROADCASTQ(Load(Param("stride"), GP64()), v)
	VMOVDQU64(v, stride)
	copyPoint(Mem{Base: Load(Param("p"), GP64())}, s.p)
	forward := GP64() // in digits
	MOVQ(U32(8), forward)
	g.fetch(e, windows, addresses, digits).do()

	Label("step")
	CMPQ(steps, U8(1))
	JNE(LabelRef("next"))
	// The last step has no next one to fetch for, and so fetches its own again.
	VMOVDQU64(g.zero(), stride)
	XORQ(forward, forward)
	Label("next")
	ADDQ(forward, digits)
	v = ZMM()
	VMOVDQU64(windows, v)
	VPADDQ(stride, v, v)
	VMOVDQU64(v, windows)

	var a, b, cc, t element
	mix(g.mul(&a, s.p.Offset(offsetMinus), e.minus, false), g.mul(&b, s.p.Offset(offsetPlus), e.plus, true))
	g.halves(s, a, b)
	mix(g.mul(&cc, s.p.Offset(offsetT), e.t2d, false), g.mul(&t, s.e, s.h, false))
	g.differences(s, cc, load(s.p.Offset(offsetZ)))
	g.finish(s, t, g.fetch(e, windows, addresses, digits))
	DECQ(steps)
	JNZ(LabelRef("step"))

	g.carry(load(s.p.Offset(offsetZ))).store(s.p.Offset(offsetZ))
	copyPoint(s.p, Mem{Base: Load(Param("p"), GP64())})
	VZEROUPPER()
	RET()
}

func copyPoint(from, to Mem) {
	for i := range 4 {
		load(from.Offset(i * elementSize)).store(to.Offset(i * elementSize))
	}
}

// sumFunc adds up the lanes.
func sumFunc(c consts) {
	TEXT("sum", 0, "func(p *[4][5][8]uint64, d2 *[5]uint64)")
	Doc("sum sets every lane of p to the sum of all eight, with 2d in d2: three times it adds",
		"to each lane another, half as far away each time. It works like point.Point.Add.")
	Pragma("noescape")
	g := newGen(c)
	f := newFrame(pointSize+4*elementSize+pointSize+elementSize, vectorSize)
	s := f.sumOf()
	other, twoD := f.place(pointSize), f.place(elementSize)
	d2 := Mem{Base: Load(Param("d2"), GP64())}
	for i := range 5 {
		v := ZMM()
		VPBROADCASTQ(d2.Offset(8*i), v)
		VMOVDQU64(v, twoD.Offset(i*vectorSize))
	}
	copyPoint(Mem{Base: Load(Param("p"), GP64())}, s.p)

	for level := range 3 {
		for i := range pointSize / vectorSize {
			v, o := ZMM(), ZMM()
			VMOVDQU64(s.p.Offset(i*vectorSize), v)
			switch level {
			case 0: // the other half
				VSHUFI64X2(U8(0x4e), v, v, o)
			case 1: // the other quarter of the half
				VSHUFI64X2(U8(0xb1), v, v, o)
			case 2: // the other lane of the quarter
				VPSHUFD(U8(0x4e), v, o)
			}
			VMOVDQU64(o, other.Offset(i*vectorSize))
		}
		var a, b, tt, cc, z, t element
		square := func(r *element, offset int, plusOffset bool) work {
			return g.mul(r, s.p.Offset(offset), other.Offset(offset), plusOffset)
		}
		mix(square(&tt, offsetT, false), square(&z, offsetZ, false))
		g.carry(tt).store(s.f) // not f yet
		z.store(s.g)
		mix(square(&a, offsetMinus, false), square(&b, offsetPlus, true))
		g.halves(s, a, b)
		mix(g.mul(&cc, s.f, twoD, false), g.mul(&t, s.e, s.h, false))
		g.differences(s, cc, load(s.g))
		g.finish(s, t, nil)
		g.carry(load(s.p.Offset(offsetZ))).store(s.p.Offset(offsetZ))
	}
	copyPoint(s.p, Mem{Base: Load(Param("p"), GP64())})
	VZEROUPPER()
	RET()
}
