package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// less is the predicate of a comparison.
const less = 1

// digitsFunc recodes eight scalars.
func digitsFunc() {
	// Byte j of word i to byte i of word j.
	turn := GLOBL("turn", RODATA|NOPTR)
	for j := range 8 {
		var word uint64
		for i := range 8 {
			word |= uint64(8*i+j) << (8 * i)
		}
		DATA(8*j, U64(word))
	}
	each := ConstData("each", U64(0x8080808080808080))

	TEXT("digits", NOSPLIT, "func(d *[32][8]int8, s *[4][8]uint64)")
	Doc("digits sets d[i][j] to digit i of the scalar in lane j of s, whose word k is s[k][j].",
		"It works like scalar.Scalar.Digits8.")
	Pragma("noescape")
	d := Mem{Base: Load(Param("d"), GP64())}
	s := Mem{Base: Load(Param("s"), GP64())}
	order, add, minusOne := ZMM(), ZMM(), ZMM()
	VMOVDQU64(turn, order)
	VPBROADCASTQ(each, add)
	VPBROADCASTQ(ConstData("minusOne", U64(1<<64-1)), minusOne)
	carry := K()
	for i := range 4 {
		w, sum := ZMM(), ZMM()
		VMOVDQU64(s.Offset(64*i), w)
		VPADDQ(add, w, sum)
		out := K()
		VPCMPUQ(U8(less), add, sum, out)
		if i > 0 {
			with, again := ZMM(), K()
			VMOVDQA64(sum, with)
			VPSUBQ(minusOne, sum, carry, with)
			VPCMPUQ(U8(less), sum, with, again)
			KORB(again, out, out)
			sum = with
		}
		carry = out
		VPXORQ(add, sum, sum)
		VPERMB(sum, order, sum)
		VMOVDQU64(sum, d.Offset(64*i))
	}
	VZEROUPPER()
	RET()
}
