package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// round is how many bits a round of the inversion shifts out.
const round = 30

// A number in memory has four words; factors has u and v of x, then of y.
const (
	word        = 8
	numberSize  = 4 * word
	factorsSize = 4 * word
)

// invertFile is field.Element.Invert without its last multiplication, and with
// the same names; it says how the algorithm works. What is won over compiled
// code is TZCNT and shifts by any register, and chains of MULX that keep their
// carries in flags.
func invertFile() {
	zeros := GLOBL("zeros", RODATA|NOPTR)
	for i := range 4 {
		DATA(word*i, U64(0))
	}
	TEXT("halvings", NOSPLIT, "func(d, a *[4]uint64) (pairs int)")
	Doc("halvings sets d to 2^(60 pairs) / a modulo p, not always the least such number, for",
		"a below p. It works like the rounds of field.Element.Invert.")
	Pragma("noescape")
	f := &frame{AllocLocal(6*numberSize + 3*factorsSize)}
	x, y, halfX, halfY := f.place(numberSize), f.place(numberSize), f.place(numberSize), f.place(numberSize)
	c, d := f.place(numberSize), f.place(numberSize)
	first, second, both := f.place(factorsSize), f.place(factorsSize), f.place(factorsSize)

	a := Load(Param("a"), GP64())
	set := func(m Mem, words [4]uint64) {
		t := GP64()
		for i, w := range words {
			MOVQ(U64(w), t)
			MOVQ(t, m.Offset(word*i))
		}
	}
	move(Mem{Base: a}, x)
	set(y, [4]uint64{1<<64 - 19, 1<<64 - 1, 1<<64 - 1, 1<<63 - 1})
	set(c, [4]uint64{1})
	set(d, [4]uint64{})
	pairs := GP64()
	XORQ(pairs, pairs)

	Label("pair")
	t := GP64()
	MOVQ(x, t)
	for i := 1; i < 4; i++ {
		ORQ(x.Offset(word*i), t)
	}
	JZ(LabelRef("done"))
	halve("first", x, y, halfX, halfY, first, zeros)
	halve("second", halfX, halfY, x, y, second, zeros)
	// both = second * first, as 2x2 matrices
	for row := range 2 {
		for column := range 2 {
			s, t := GP64(), GP64()
			MOVQ(second.Offset(2*word*row), s)
			IMULQ(first.Offset(word*column), s)
			MOVQ(second.Offset(2*word*row+word), t)
			IMULQ(first.Offset(2*word+word*column), t)
			ADDQ(t, s)
			MOVQ(s, both.Offset(2*word*row+word*column))
		}
	}
	newC := first // which has been used
	reduced(combine(both, c, d, zeros), newC)
	reduced(combine(both.Offset(2*word), c, d, zeros), d)
	move(newC, c)
	INCQ(pairs)
	JMP(LabelRef("pair"))

	Label("done")
	move(d, Mem{Base: Load(Param("d"), GP64())})
	Store(pairs, ReturnIndex(0))
	RET()
}

// move copies a number.
func move(from, to Mem) {
	for i := range 4 {
		t := GP64()
		MOVQ(from.Offset(word*i), t)
		MOVQ(t, to.Offset(word*i))
	}
}

// halve does one round on x and y, and leaves its factors.
func halve(name string, x, y, newX, newY, factors, zeros Mem) {
	xw, yw := leading(name, x, y)

	fx, fy, stop, odd := GP64(), GP64(), GP64(), GP64()
	MOVQ(U32(1), fx)
	MOVQ(U64(1<<32), fy)
	MOVQ(U32(1<<round), stop)
	MOVQ(xw, odd) // has x's trailing zeros, and is there sooner than x
	Label(name + "_shift")
	count := GP64()
	ORQ(stop, odd)
	TZCNTQ(odd, count)
	SHRXQ(count, xw, xw)
	SHLXQ(count, fy, fy)
	SHRXQ(count, stop, stop)
	CMPQ(stop, Imm(1))
	JE(LabelRef(name + "_shifted"))
	f, minusF, minus := GP64(), GP64(), GP64()
	MOVQ(fx, f)
	SUBQ(fy, f)
	MOVQ(fy, minusF)
	SUBQ(fx, minusF)
	MOVQ(yw, minus)
	SUBQ(xw, minus)
	MOVQ(xw, odd)
	SUBQ(yw, odd)
	CMOVQCS(xw, yw)
	MOVQ(odd, xw)
	CMOVQCS(minus, xw)
	CMOVQCS(fx, fy)
	MOVQ(f, fx)
	CMOVQCS(minusF, fx)
	JMP(LabelRef(name + "_shift"))
	Label(name + "_shifted")

	unpack2(fx, factors)
	unpack2(fy, factors.Offset(2*word))
	shifted(combine(factors, x, y, zeros), factors, newX)
	shifted(combine(factors.Offset(2*word), x, y, zeros), factors.Offset(2*word), newY)
}

// leading returns words that stand for x and y: the numbers themselves where
// both fit, and else the top bits of the longer, the other alike, over the low.
func leading(name string, x, y Mem) (xw, yw reg.GPVirtual) {
	xw, yw = GP64(), GP64()
	const low = 1<<round - 1
	for i := 3; i > 0; i-- {
		below := fmt.Sprintf("%s_below_%d", name, i)
		left, right := GP64(), GP64()
		MOVQ(x.Offset(word*i), left)
		ORQ(y.Offset(word*i), left)
		JZ(LabelRef(below))
		BSRQ(left, left)
		MOVQ(left, right) // 63 - left
		XORQ(Imm(63), left)
		for _, n := range []struct {
			m Mem
			w reg.GPVirtual
		}{{x, xw}, {y, yw}} {
			t := GP64()
			SHLXQ(left, n.m.Offset(word*i), n.w)
			MOVQ(n.m.Offset(word*(i-1)), t)
			SHRQ(Imm(1), t) // and then by the rest, which may be all 64
			SHRXQ(right, t, t)
			ORQ(t, n.w)
			ANDQ(I32(^low), n.w)
			MOVQ(n.m, t)
			ANDQ(I32(low), t)
			ORQ(t, n.w)
		}
		JMP(LabelRef(name + "_leading"))
		Label(below)
	}
	MOVQ(x, xw)
	MOVQ(y, yw)
	Label(name + "_leading")
	return xw, yw
}

// unpack2 leaves u and v of f = u + v*2^32.
func unpack2(f reg.GPVirtual, uv Mem) {
	u := GP64()
	MOVLQSX(f.As32(), u)
	MOVQ(u, uv)
	SUBQ(u, f)
	SARQ(Imm(32), f)
	MOVQ(f, uv.Offset(word))
}

// combine returns u*x + v*y in two's complement, for u and v at uv.
func combine(uv, x, y, zeros Mem) (s [5]reg.GPVirtual) {
	for i := range s {
		s[i] = GP64()
	}
	low, high := GP64(), GP64()
	MOVQ(uv, reg.RDX)
	MULXQ(x, s[0], s[1])
	MULXQ(x.Offset(word), low, s[2])
	ADDQ(low, s[1])
	MULXQ(x.Offset(2*word), low, s[3])
	ADCQ(low, s[2])
	MULXQ(x.Offset(3*word), low, s[4])
	ADCQ(low, s[3])
	ADCQ(Imm(0), s[4])

	MOVQ(uv.Offset(word), reg.RDX)
	zero := GP64()
	XORQ(zero, zero) // and both carries
	for i := range 4 {
		MULXQ(y.Offset(word*i), low, high)
		ADCXQ(low, s[i])
		ADOXQ(high, s[i+1])
	}
	ADCXQ(zero, s[4])

	// A negative factor has counted as itself and 2^64.
	for i, m := range []Mem{x, y} {
		none, excess := GP64(), GP64()
		LEAQ(zeros, none)
		LEAQ(m, excess)
		CMPQ(uv.Offset(word*i), Imm(0))
		CMOVQGE(none, excess)
		SUBQ(Mem{Base: excess}, s[1])
		SBBQ(Mem{Base: excess}.Offset(word), s[2])
		SBBQ(Mem{Base: excess}.Offset(2*word), s[3])
		SBBQ(Mem{Base: excess}.Offset(3*word), s[4])
	}
	return s
}

// shifted leaves |s| / 2^round, and changes the signs of u and v with that of s.
func shifted(s [5]reg.GPVirtual, uv, to Mem) {
	sign := GP64()
	MOVQ(s[4], sign)
	SARQ(Imm(63), sign)
	for i := range 4 {
		t := GP64()
		MOVQ(s[i+1], t)
		SHLQ(Imm(64-round), t)
		SHRQ(Imm(round), s[i])
		ORQ(t, s[i])
		XORQ(sign, s[i])
	}
	SUBQ(sign, s[0])
	for i := 1; i < 4; i++ {
		SBBQ(sign, s[i])
	}
	for i := range 4 {
		MOVQ(s[i], to.Offset(word*i))
	}
	for i := range 2 {
		t := GP64()
		MOVQ(uv.Offset(word*i), t)
		XORQ(sign, t)
		SUBQ(sign, t)
		MOVQ(t, uv.Offset(word*i))
	}
}

// reduced leaves a number that is s modulo p, where 2^256 is 38.
func reduced(s [5]reg.GPVirtual, to Mem) {
	sign, fold := GP64(), GP64()
	MOVQ(U32(38), fold)
	MOVQ(s[4], reg.RAX)
	IMULQ(fold)
	MOVQ(reg.RDX, sign)
	SARQ(Imm(63), sign)
	ADDQ(reg.RAX, s[0])
	ADCQ(reg.RDX, s[1])
	ADCQ(sign, s[2])
	ADCQ(sign, s[3])
	// The carry and the sign together are 1, 0 or -1.
	ADCQ(Imm(0), sign)
	IMUL3Q(Imm(38), sign, fold)
	SARQ(Imm(63), sign)
	ADDQ(fold, s[0])
	ADCQ(sign, s[1])
	ADCQ(sign, s[2])
	ADCQ(sign, s[3])
	for i := range 4 {
		MOVQ(s[i], to.Offset(word*i))
	}
}
