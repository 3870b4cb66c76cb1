//go:build amd64 && !purego

package jwt

import "golang.org/x/sys/cpu"

//go:generate go run -C _asm . -out ../base64url_amd64.s -stubs ../base64url_amd64.go -pkg jwt

// hasVBMI reports whether the processor has all that decodeVBMI uses.
var hasVBMI = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI && cpu.X86.HasBMI1 && cpu.X86.HasBMI2

// decodeFast decodes src to dst, which is of just the length that takes, if the
// processor can. Neither is empty.
func decodeFast(dst, src []byte) (done, valid bool) {
	if !hasVBMI {
		return false, false
	}
	return true, decodeVBMI(&dst[0], &src[0], len(src))
}
