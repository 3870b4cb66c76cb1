package main

import (
	. "github.com/mmcloughlin/avo/build"
)

// The sizes of numbers, in registers of eight limbs of 52 bits: of moduli of
// 2048, 3072 and 4096 bits. Each leaves at least two bits above the modulus.
var sizes = []int{5, 8, 10}

func main() {
	ConstraintExpr("!purego")
	for _, n := range sizes {
		montgomery(n)
	}
	Generate()
}
