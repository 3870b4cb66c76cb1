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

// aligned returns a place for n bytes in the frame that starts a cache line.
func aligned(n int) Mem {
	frame := AllocLocal(n + vectorSize)
	p := GP64()
	LEAQ(frame.Offset(vectorSize-1), p)
	ANDQ(I8(-vectorSize), p)
	return Mem{Base: p}
}

func pointFile() {
	c := newConsts()
	mulFunc(c)
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
	a := load(Mem{Base: Load(Param("a"), GP64())})
	b := load(Mem{Base: Load(Param("b"), GP64())})
	r := g.carry(g.mul(a, b, false))
	r.store(Mem{Base: Load(Param("r"), GP64())})
	VZEROUPPER()
	RET()
}

// complete is the second half of an addition, from e, f, g and h in memory,
// tight, to the point p: x = ef, y = gh, z = fg, t = eh.
func (g *gen) complete(p, ef Mem) {
	e, f := ef, ef.Offset(elementSize)
	gg, h := ef.Offset(2*elementSize), ef.Offset(3*elementSize)
	x := g.mul(load(e), load(f), false)
	y := g.mul(load(gg), load(h), true)
	g.carry(sub(y, x)).store(p.Offset(offsetMinus))
	g.carry(add(y, x)).store(p.Offset(offsetPlus))
	g.carry(g.mul(load(e), load(h), false)).store(p.Offset(offsetT))
	g.carry(g.mul(load(f), load(gg), false)).store(p.Offset(offsetZ))
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

// accumulateFunc is the sum over the windows, where nearly all time goes.
func accumulateFunc(c consts) {
	TEXT("accumulate", 0, "func(p *[4][5][8]uint64, windows *[8]*[3][4]uint64, digits *[8]int8, steps, stride int)")
	Doc("accumulate adds to p, in each lane, steps entries of the tables at windows, one a",
		"step: the entry that the next eight of digits name, one a lane, negated where the",
		"digit is negative. After each step the windows move on by stride bytes. It works",
		"like point.Table.AddMultiple.")
	Pragma("noescape")
	g := newGen(c)
	p := Load(Param("p"), GP64())
	digits := Load(Param("digits"), GP64())
	steps := Load(Param("steps"), GP64())
	windows := ZMM()
	VMOVDQU64(Mem{Base: Load(Param("windows"), GP64())}, windows)
	stride := ZMM()
	VPBROADCASTQ(Load(Param("stride"), GP64()), stride)

	scratch := aligned(pointSize + 4*elementSize + vectorSize)
	acc, ef, addresses := scratch, scratch.Offset(pointSize), scratch.Offset(pointSize+4*elementSize)
	copyPoint(Mem{Base: p}, acc)

	Label("step")
	// 96 bytes an entry.
	digit, address, times := ZMM(), ZMM(), ZMM()
	negative := K()
	VPMOVSXBQ(Mem{Base: digits}, digit)
	VPMOVQ2M(digit, negative)
	VPABSQ(digit, digit)
	VPSLLQ(U8(6), digit, address)
	VPSLLQ(U8(5), digit, times)
	VPADDQ(times, address, address)
	VPADDQ(windows, address, address)
	VPADDQ(stride, windows, windows)
	VMOVDQU64(address, addresses)
	var at [8]reg.GPVirtual
	for i := range at {
		at[i] = GP64()
		MOVQ(addresses.Offset(8*i), at[i])
	}
	plus, minus := transpose(at, 0), transpose(at, 32)
	for i := range plus {
		was := plus[i]
		plus[i] = ZMM()
		VPBLENDMQ(minus[i], was, negative, plus[i])
		VPBLENDMQ(was, minus[i], negative, minus[i])
	}

	// e = b - a, h = b + a
	a := g.mul(load(acc.Offset(offsetMinus)), g.unpack(minus), false)
	b := g.mul(load(acc.Offset(offsetPlus)), g.unpack(plus), true)
	g.carry(sub(b, a)).store(ef)
	g.carry(add(b, a)).store(ef.Offset(3 * elementSize))
	// f = d - c, g = d + c, where d = 2z
	t := g.unpack(transpose(at, 64))
	for i := range t {
		twice := ZMM()
		m := g.twiceI
		if i == 0 {
			m = g.twice0
		}
		VPBROADCASTQ(m, twice)
		VPSUBQ(t[i], twice, negative, t[i])
	}
	cc := g.mul(load(acc.Offset(offsetT)), t, false)
	z := load(acc.Offset(offsetZ))
	d := add(z, z)
	g.carry(sub(g.plusOffset(d), cc)).store(ef.Offset(elementSize))
	g.carry(add(d, cc)).store(ef.Offset(2 * elementSize))
	g.complete(acc, ef)

	ADDQ(Imm(8), digits)
	DECQ(steps)
	JNZ(LabelRef("step"))

	copyPoint(acc, Mem{Base: p})
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
	p := Mem{Base: Load(Param("p"), GP64())}
	d2 := Mem{Base: Load(Param("d2"), GP64())}
	scratch := aligned(pointSize + 4*elementSize)
	acc, ef := scratch, scratch.Offset(pointSize)
	copyPoint(p, acc)

	for level := range 3 {
		other := func(e element) (o element) {
			for i := range o {
				o[i] = ZMM()
				switch level {
				case 0: // the other half
					VSHUFI64X2(U8(0x4e), e[i], e[i], o[i])
				case 1: // the other quarter of the half
					VSHUFI64X2(U8(0xb1), e[i], e[i], o[i])
				case 2: // the other lane of the quarter
					VPSHUFD(U8(0x4e), e[i], o[i])
				}
			}
			return o
		}
		square := func(offset int, plusOffset bool) element {
			e := load(acc.Offset(offset))
			return g.mul(e, other(e), plusOffset)
		}
		a := square(offsetMinus, false)
		b := square(offsetPlus, true)
		g.carry(sub(b, a)).store(ef)
		g.carry(add(b, a)).store(ef.Offset(3 * elementSize))
		t := g.carry(square(offsetT, false))
		var twoD element
		for i := range twoD {
			twoD[i] = ZMM()
			VPBROADCASTQ(d2.Offset(8*i), twoD[i])
		}
		cc := g.mul(t, twoD, false)
		z := square(offsetZ, false)
		d := add(z, z)
		g.carry(sub(g.plusOffset(d), cc)).store(ef.Offset(elementSize))
		g.carry(add(d, cc)).store(ef.Offset(2 * elementSize))
		g.complete(acc, ef)
	}
	copyPoint(acc, p)
	VZEROUPPER()
	RET()
}
