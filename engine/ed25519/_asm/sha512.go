package main

import (
	"math/big"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// roundConstants returns K of FIPS 180-4, Section 4.2.3: the first 64 bits of
// the fractional parts of the cube roots of the first 80 primes.
func roundConstants() (k []uint64) {
	for n := int64(2); len(k) < 80; n++ {
		p := big.NewInt(n)
		if !p.ProbablyPrime(0) { // exact below 2^64
			continue
		}
		// The largest r with r^3 <= p * 2^192, bit by bit.
		target := new(big.Int).Lsh(p, 3*64)
		r := new(big.Int)
		for bit := 64 + 4; bit >= 0; bit-- {
			r.SetBit(r, bit, 1)
			if new(big.Int).Exp(r, big.NewInt(3), nil).Cmp(target) > 0 {
				r.SetBit(r, bit, 0)
			}
		}
		k = append(k, r.And(r, new(big.Int).SetUint64(1<<64-1)).Uint64())
	}
	return k
}

func sha512File() {
	k := GLOBL("roundConstants", RODATA|NOPTR)
	for i, v := range roundConstants() {
		DATA(8*i, U64(v))
	}
	swap := GLOBL("swapBytes", RODATA|NOPTR)
	for i := range 8 { // within each word, in each quarter of a vector
		DATA(8*i, U64(0x0001020304050607+uint64(i%2)*0x0808080808080808))
	}

	TEXT("block", NOSPLIT, "func(state *[8][8]uint64, blocks *[8]*[128]byte, mask uint8)")
	Doc("block hashes a block of 128 bytes into the state in each lane whose bit of mask is",
		"set, by SHA-512. Word i of lane j is state[i][j].")
	Pragma("noescape")
	state := Mem{Base: Load(Param("state"), GP64())}
	blocks := Mem{Base: Load(Param("blocks"), GP64())}
	mask := K()
	KMOVB(Load(Param("mask"), GP32()), mask)
	var at [8]reg.GPVirtual
	for i := range at {
		at[i] = GP64()
		MOVQ(blocks.Offset(8*i), at[i])
	}
	var w [16]reg.VecVirtual
	bytes := ZMM()
	VMOVDQU64(swap, bytes)
	for i := 0; i < 16; i += 4 {
		words := transpose(at, 8*i)
		copy(w[i:], words[:])
	}
	for i := range w {
		VPSHUFB(bytes, w[i], w[i])
	}
	var v [8]reg.VecVirtual
	for i := range v {
		v[i] = ZMM()
		VMOVDQU64(state.Offset(64*i), v[i])
	}

	constants := Mem{Base: GP64()}
	LEAQ(k, constants.Base)
	left := GP64()
	MOVQ(U32(4), left)
	// The words of the next 16 rounds replace those of these, one after the other.
	Label("rounds")
	for i := range w {
		hashRound(v, w[i], constants.Offset(8*i), i)
		VPADDQ(w[(i+9)%16], w[i], w[i])
		VPADDQ(sigma(w[(i+1)%16], 1, 8, 7), w[i], w[i])
		VPADDQ(sigma(w[(i+14)%16], 19, 61, 6), w[i], w[i])
	}
	ADDQ(Imm(16*8), constants.Base)
	DECQ(left)
	JNZ(LabelRef("rounds"))
	for i := range w {
		hashRound(v, w[i], constants.Offset(8*i), i)
	}

	for i := range v {
		sum := ZMM()
		VMOVDQU64(state.Offset(64*i), sum)
		VPADDQ(v[i], sum, mask, sum)
		VMOVDQU64(sum, state.Offset(64*i))
	}
	VZEROUPPER()
	RET()
}

// hashRound is round i of FIPS 180-4, Section 6.4.2. Instead of moving the eight
// working variables on, their names move.
func hashRound(v [8]reg.VecVirtual, w reg.VecVirtual, k Mem, i int) {
	name := func(j int) reg.VecVirtual { return v[(j-i+16)%8] }
	a, b, c, d, e, f, g, h := name(0), name(1), name(2), name(3), name(4), name(5), name(6), name(7)
	VPADDQ(w, h, h)
	VPADDQ_BCST(k, h, h)
	choice := ZMM()
	VMOVDQA64(e, choice)
	VPTERNLOGQ(U8(0xca), g, f, choice) // e ? f : g
	VPADDQ(choice, h, h)
	VPADDQ(rotations(e, 14, 18, 41), h, h)
	VPADDQ(h, d, d)
	majority := ZMM()
	VMOVDQA64(a, majority)
	VPTERNLOGQ(U8(0xe8), c, b, majority)
	VPADDQ(majority, h, h)
	VPADDQ(rotations(a, 28, 34, 39), h, h)
}

const xor3 = 0x96

// rotations returns x rotated right by i, j and k, xored.
func rotations(x reg.VecVirtual, i, j, k uint8) reg.VecVirtual {
	r, s, t := ZMM(), ZMM(), ZMM()
	VPRORQ(U8(i), x, r)
	VPRORQ(U8(j), x, s)
	VPRORQ(U8(k), x, t)
	VPTERNLOGQ(U8(xor3), t, s, r)
	return r
}

// sigma returns x rotated right by i and j and shifted right by k, xored.
func sigma(x reg.VecVirtual, i, j, k uint8) reg.VecVirtual {
	r, s, t := ZMM(), ZMM(), ZMM()
	VPRORQ(U8(i), x, r)
	VPRORQ(U8(j), x, s)
	VPSRLQ(U8(k), x, t)
	VPTERNLOGQ(U8(xor3), t, s, r)
	return r
}
