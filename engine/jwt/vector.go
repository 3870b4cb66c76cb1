//go:build amd64 && !purego

package jwt

import (
	"slices"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C _asm . -file avx2 -out ../avx2_amd64.s -stubs ../avx2_amd64.go -pkg jwt
//go:generate go run -C _asm . -file avx512 -out ../avx512_amd64.s -stubs ../avx512_amd64.go -pkg jwt

// Whether the processor has all that the assembly of either kind uses.
var (
	hasVBMI = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI && cpu.X86.HasBMI1 && cpu.X86.HasBMI2
	hasAVX2 = cpu.X86.HasAVX2
)

// decodeFast decodes src, or what of it comes in whole blocks, to dst, if the
// processor can, and returns how many characters that were. dst is of just the
// length that src takes, and may be written to for slack bytes more. Neither is
// empty.
func decodeFast(dst, src []byte) (n int, valid bool) {
	switch blocks := len(src) / 32; {
	case hasVBMI:
		return len(src), decodeVBMI(&dst[0], &src[0], len(src))
	case hasAVX2 && blocks > 0:
		return 32 * blocks, decodeAVX2(&dst[0], &src[0], blocks)
	}
	return 0, true
}

// mark makes marks of b, if the processor can: a set bit for each byte that str
// has to look at, and for those after the end. Otherwise it returns none.
func mark(marks []uint64, b []byte) []uint64 {
	if !hasVBMI && !hasAVX2 || len(b) == 0 {
		return marks[:0]
	}
	words := len(b)/64 + 1
	marks = slices.Grow(marks[:0], words)[:words]
	if hasVBMI {
		markAVX512(&marks[0], &b[0], len(b))
		return marks
	}
	if words > 1 {
		markAVX2(&marks[0], &b[0], words-1)
	}
	var last [64]byte // and 0, which is a control character
	copy(last[:], b[64*(words-1):])
	markAVX2(&marks[words-1], &last[0], 1)
	return marks
}
