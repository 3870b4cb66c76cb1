package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A point in memory is X, Y, ZZ and ZZZ, eight of each: ifma.Point. Its numbers
// are below 2.01, 5.3, 1.4 and 1.4.
const (
	offsetX = iota * elementSize
	offsetY
	offsetZZ
	offsetZZZ
	pointSize
)

// A frame hands out aligned memory of the function's frame.
type frame struct{ at Mem }

// newFrame returns n bytes of the frame, aligned to a vector.
func newFrame(n int) *frame {
	local := AllocLocal(n + vectorSize)
	p := GP64()
	LEAQ(local.Offset(vectorSize-1), p)
	ANDQ(I8(-vectorSize), p)
	return &frame{Mem{Base: p}}
}

// place returns the next n bytes.
func (f *frame) place(n int) Mem {
	m := f.at
	f.at = f.at.Offset(n)
	return m
}

func pointFile() {
	c := newConsts()
	mulFunc(c)
	prefetchFunc()
	startFunc(c)
	accumulateFunc(c)
	sumFunc(c)
}

// mulFunc is the multiplication on its own.
func mulFunc(c consts) {
	TEXT("mul", NOSPLIT, "func(r, a, b *[5][8]uint64)")
	Doc("mul sets r to a * b / 2^260 modulo p in each lane. The limbs of a and b must be below",
		"2^52. r is below p + a*b/2^260; where that is below 2^260, its limbs are below 2^52.",
		"It works like field.Element.Mul.")
	Pragma("noescape")
	g := newGen(c)
	a := Mem{Base: Load(Param("a"), GP64())}
	b := Mem{Base: Load(Param("b"), GP64())}
	var r element
	g.mul(&r, a, b).do()
	g.carry(r).store(Mem{Base: Load(Param("r"), GP64())})
	VZEROUPPER()
	RET()
}

// An entryOf is an entry of a table in each lane, as limbs.
type entryOf struct{ x, y Mem }

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

// unpack turns four words into five limbs.
func (g *gen) unpack(w [4]reg.VecVirtual) (e element) {
	for i := range e {
		e[i] = ZMM()
	}
	VPANDQ(g.mask52, w[0], e[0])
	for i := 1; i < 4; i++ {
		VPSHRDQ(U8(radix*i-64*(i-1)), w[i], w[i-1], e[i])
		VPANDQ(g.mask52, e[i], e[i])
	}
	VPSRLQ(U8(16), w[3], e[4])
	return e
}

// fetch is the work of reading the entries that the digits name in the windows,
// by way of their addresses in memory. It sets negative for the lanes whose digit
// is.
func (g *gen) fetch(e entryOf, windows, addresses Mem, digits, negative reg.Register) (w work) {
	w = append(w, func() { VMOVDQU64(entryAddresses(windows, digits, negative), addresses) })
	for n, to := range []Mem{e.x, e.y} {
		var words [4]reg.VecVirtual
		w = append(w, func() {
			var at [8]reg.GPVirtual
			for i := range at {
				at[i] = GP64()
				MOVQ(addresses.Offset(8*i), at[i])
			}
			words = transpose(at, 32*n)
		}, func() { g.unpack(words).store(to) })
	}
	return w
}

// entryAddresses returns where in each lane's window the entry is that its digit
// names, and sets negative for the lanes whose digit is: a negative digit c names
// entry -1-c, which is all its bits turned over.
func entryAddresses(windows Mem, digits, negative reg.Register) reg.VecVirtual {
	digit, sign := ZMM(), ZMM()
	VPMOVSXBQ(Mem{Base: digits}, digit)
	VPMOVQ2M(digit, negative)
	VPSRAQ(U8(63), digit, sign)
	VPXORQ(sign, digit, digit)
	VPSLLQ(U8(6), digit, digit) // an entry has 64 bytes
	VPADDQ(windows, digit, digit)
	return digit
}

// prefetchFunc asks for the entries that accumulate will read. While tables are
// in a cache it is a few dozen instructions for nothing; where they are not, the
// misses overlap with each other.
func prefetchFunc() {
	TEXT("prefetch", NOSPLIT, "func(windows *[8]*[2][4]uint64, digits *[8]int8, steps, stride int)")
	Doc("prefetch brings into the cache what start and accumulate will read, given the same.")
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
		PREFETCHT0(Mem{Base: at})
	}
	ADDQ(Imm(8), digits)
	DECQ(steps)
	JNZ(LabelRef("step"))
	VZEROUPPER()
	RET()
}

// startFunc makes points of the first entries.
func startFunc(c consts) {
	TEXT("start", 0, "func(p *[4][5][8]uint64, windows *[8]*[2][4]uint64, digits *[8]int8, sixteen *[5]uint64)")
	Doc("start sets p, in each lane, to the entry that the first eight of digits name in the",
		"tables at windows, negated where the digit is negative, with ZZ and ZZZ sixteen",
		"times what they are, as accumulate takes them. sixteen is 16*2^260 modulo p.")
	Pragma("noescape")
	g := newGen(c)
	f := newFrame(3*elementSize + 2*vectorSize)
	e := entryOf{f.place(elementSize), f.place(elementSize)}
	factor := f.place(elementSize)
	windows, addresses := f.place(vectorSize), f.place(vectorSize)
	v := ZMM()
	VMOVDQU64(Mem{Base: Load(Param("windows"), GP64())}, v)
	VMOVDQU64(v, windows)
	sixteen := Mem{Base: Load(Param("sixteen"), GP64())}
	p := Mem{Base: Load(Param("p"), GP64())}
	for i := range 5 {
		v := ZMM()
		VPBROADCASTQ(sixteen.Offset(8*i), v)
		for _, m := range []Mem{factor, p.Offset(offsetZZ), p.Offset(offsetZZZ)} {
			VMOVDQU64(v, m.Offset(i*vectorSize))
		}
	}
	negative := K()
	g.fetch(e, windows, addresses, Load(Param("digits"), GP64()), negative).do()
	// The words of an entry are x*2^256: times 16 they are what x is here.
	var x, y element
	mix(g.mul(&x, e.x, factor), g.mul(&y, e.y, factor))
	g.carry(x).store(p.Offset(offsetX))
	g.negate(y, negative)
	g.carry(g.plus(y, 2)).store(p.Offset(offsetY))
	VZEROUPPER()
	RET()
}

// negate changes the sign in the lanes of mask, in place.
func (g *gen) negate(a element, mask reg.Register) {
	z := g.zero()
	for k := range a {
		VPSUBQ(a[k], z, mask, a[k])
	}
}

// An addition's intermediate numbers, named as in point.Point.AddAffine.
type sumOf struct{ h, r, hh, hhh, w Mem }

func (f *frame) sumOf() sumOf {
	return sumOf{f.place(elementSize), f.place(elementSize), f.place(elementSize), f.place(elementSize), f.place(elementSize)}
}

// finish is an addition from h and r on: to p with its x, y in memory at u and s,
// which for a sum with an affine point are p's own. zz and zzz are multiplied by
// h^2 and h^3. beside is work that is done with the last two products.
//
// Bounds: h is below 4.2 and r below 8.2, so that hh is below 2.1, hhh and v
// below 1.6, w = v - x + 3p below 4.7, r*w below 3.4, and y below 5.4 - where s is
// below 5.4 and s*hhh below 1.6.
func (g *gen) finish(n sumOf, p, u, s, zz, zzz Mem, beside work) {
	var hh, rr, hhh, v, a, b, c, d element
	mix(g.mul(&hh, n.h, n.h), g.mul(&rr, n.r, n.r))
	g.carry(hh).store(n.hh)
	mix(g.mul(&hhh, n.h, n.hh), g.mul(&v, u, n.hh))
	x := sub(sub(sub(rr, hhh), v), v)
	g.reduce(x)
	w := g.plus(sub(v, x), 3)
	g.carry(w).store(n.w)
	g.carry(hhh).store(n.hhh)
	g.carry(x).store(p.Offset(offsetX))
	mix(g.mul(&a, n.r, n.w), g.mul(&b, s, n.hhh))
	g.carry(g.plus(sub(a, b), 2)).store(p.Offset(offsetY))
	mix(g.mul(&c, zz, n.hh), g.mul(&d, zzz, n.hhh), beside)
	g.carry(c).store(p.Offset(offsetZZ))
	g.carry(d).store(p.Offset(offsetZZZ))
}

// accumulateFunc is the sum over the windows, where nearly all time goes.
func accumulateFunc(c consts) {
	TEXT("accumulate", 0, "func(p *[4][5][8]uint64, windows *[8]*[2][4]uint64, digits *[8]int8, steps, stride int)")
	Doc("accumulate adds to p, in each lane, steps entries of the tables at windows, one a",
		"step: the entry that the next eight of digits name, one a lane, negated where the",
		"digit is negative. After each step the windows move on by stride bytes. ZZ and ZZZ",
		"of p are sixteen times what they are, which makes up for entries that are x*2^256",
		"where x*2^260 is meant. It works like point.Point.AddAffine.")
	Pragma("noescape")
	g := newGen(c)
	digits := Load(Param("digits"), GP64())
	steps := Load(Param("steps"), GP64())
	f := newFrame(pointSize + 7*elementSize + 3*vectorSize)
	p := f.place(pointSize)
	n := f.sumOf()
	e := entryOf{f.place(elementSize), f.place(elementSize)}
	windows, stride, addresses := f.place(vectorSize), f.place(vectorSize), f.place(vectorSize)

	v := ZMM()
	VMOVDQU64(Mem{Base: Load(Param("windows"), GP64())}, v)
	VMOVDQU64(v, windows)
	v = ZMM()
	VPBROADCASTQ(Load(Param("stride"), GP64()), v)
	VMOVDQU64(v, stride)
	copyPoint(Mem{Base: Load(Param("p"), GP64())}, p)
	forward := GP64() // in digits
	MOVQ(U32(8), forward)
	negative := K()
	g.fetch(e, windows, addresses, digits, negative).do()

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

	var u, s element
	mix(g.mul(&u, e.x, p.Offset(offsetZZ)), g.mul(&s, e.y, p.Offset(offsetZZZ)))
	// u and s are below 1.1: -s - y + 7p is not negative.
	g.carry(g.plus(sub(u, load(p.Offset(offsetX))), 3)).store(n.h)
	g.negate(s, negative)
	g.carry(g.plus(sub(s, load(p.Offset(offsetY))), 7)).store(n.r)
	g.finish(n, p, p.Offset(offsetX), p.Offset(offsetY), p.Offset(offsetZZ), p.Offset(offsetZZZ),
		g.fetch(e, windows, addresses, digits, negative))
	DECQ(steps)
	JNZ(LabelRef("step"))

	copyPoint(p, Mem{Base: Load(Param("p"), GP64())})
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
	TEXT("sum", 0, "func(p *[4][5][8]uint64)")
	Doc("sum sets every lane of p to the sum of all eight: three times it adds to each lane",
		"another, half as far away each time. ZZ and ZZZ are what they are. It works like",
		"point.Point.Add.")
	Pragma("noescape")
	g := newGen(c)
	f := newFrame(2*pointSize + 9*elementSize)
	p, other, n := f.place(pointSize), f.place(pointSize), f.sumOf()
	u1, s1, zz, zzz := f.place(elementSize), f.place(elementSize), f.place(elementSize), f.place(elementSize)
	copyPoint(Mem{Base: Load(Param("p"), GP64())}, p)
	for level := range 3 {
		for i := range pointSize / vectorSize {
			v, o := ZMM(), ZMM()
			VMOVDQU64(p.Offset(i*vectorSize), v)
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
		product := func(r *element, a, b int) work { return g.mul(r, p.Offset(a), other.Offset(b)) }
		var a, b, d, e, z, zzzW element
		mix(product(&a, offsetX, offsetZZ), product(&b, offsetZZ, offsetX))
		// All four products are below 1.5.
		h := g.plus(sub(b, a), 2)
		g.carry(h).store(n.h)
		g.carry(a).store(u1)
		mix(product(&d, offsetY, offsetZZZ), product(&e, offsetZZZ, offsetY))
		r := g.plus(sub(e, d), 2)
		g.carry(r).store(n.r)
		g.carry(d).store(s1)
		mix(product(&z, offsetZZ, offsetZZ), product(&zzzW, offsetZZZ, offsetZZZ))
		g.carry(z).store(zz)
		g.carry(zzzW).store(zzz)
		g.finish(n, p, u1, s1, zz, zzz, nil)
	}
	copyPoint(p, Mem{Base: Load(Param("p"), GP64())})
	VZEROUPPER()
	RET()
}
