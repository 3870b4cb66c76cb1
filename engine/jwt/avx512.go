//go:build amd64 && !purego

package jwt

import (
	"slices"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C _asm . -out ../avx512_amd64.s -stubs ../avx512_amd64.go -pkg jwt

// hasVBMI reports whether the processor has all that decodeVBMI and markAVX512 use.
var hasVBMI = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI && cpu.X86.HasBMI1 && cpu.X86.HasBMI2

// decodeFast decodes src to dst, which is of just the length that takes, if the
// processor can. Neither is empty.
func decodeFast(dst, src []byte) (done, valid bool) {
	if !hasVBMI {
		return false, false
	}
	return true, decodeVBMI(&dst[0], &src[0], len(src))
}

// mark makes marks of b, if the processor can: a set bit for each byte that str
// has to look at, and for those after the end. Otherwise it returns none.
func mark(marks []uint64, b []byte) []uint64 {
	if !hasVBMI || len(b) == 0 {
		return marks[:0]
	}
	words := len(b)/64 + 1
	marks = slices.Grow(marks[:0], words)[:words]
	markAVX512(&marks[0], &b[0], len(b))
	return marks
}
