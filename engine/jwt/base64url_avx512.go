//go:build amd64 && !purego

package jwt

import "golang.org/x/sys/cpu"

//go:generate go run -C _asm . -out ../base64url_amd64.s -stubs ../base64url_amd64.go -pkg jwt

// hasVBMI reports whether the processor has all that decodeBlocks uses.
var hasVBMI = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI

// decodeStart decodes as much of src as there are whole blocks of 64 characters,
// and returns how much that was, or -1 where a character is not in the alphabet.
// It writes nothing beyond what it decodes.
func decodeStart(dst, src []byte) int {
	blocks := len(src) / 64
	if !hasVBMI || blocks == 0 {
		return 0
	}
	if !decodeBlocks(&dst[:48*blocks][0], &src[0], blocks) {
		return -1
	}
	return 64 * blocks
}
