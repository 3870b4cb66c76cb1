package jwt

import (
	"encoding/binary"
	"slices"
)

// base64url decodes RFC 4648, section 5, without padding, and refuses what the
// canonical encoder would not have written: other characters, a length of 1
// modulo 4, bits set beyond the last byte. So one string of bytes has one
// spelling, and a token cannot be changed without changing what was signed.

const (
	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	// invalid marks a character outside the alphabet, in a bit above the 24 that
	// four characters fill.
	invalid = 1 << 31
)

// sextets[i][c] is the value of character c at position i of a group of four,
// shifted to its place. Four loads and three ORs decode a group.
var sextets = func() (t [4][256]uint32) {
	for i := range t {
		for c := range t[i] {
			t[i][c] = invalid
		}
		for v := range len(alphabet) {
			t[i][alphabet[v]] = uint32(v) << (18 - 6*i)
		}
	}
	return t
}()

// decodedLen is the length of n base64url characters decoded.
func decodedLen(n int) int { return n * 3 / 4 }

// slack is what decode may write beyond the end of what it decodes.
const slack = 8

// decode appends what src stands for to dst.
func decode(dst, src []byte) ([]byte, bool) {
	switch {
	case len(src)%4 == 1:
		return dst, false
	case len(src) == 0:
		return dst, true
	}
	n := len(dst) + decodedLen(len(src))
	dst = slices.Grow(dst, n-len(dst)+slack)
	out := dst[len(dst) : n+slack]
	bad := uint32(0)
	fast, valid := decodeFast(dst[len(dst):n], src)
	if !valid {
		bad = invalid
	}
	src, out = src[fast:], out[decodedLen(fast):]
	for len(src) >= 8 {
		in := (*[8]byte)(src)
		high := sextets[0][in[0]] | sextets[1][in[1]] | sextets[2][in[2]] | sextets[3][in[3]]
		low := sextets[0][in[4]] | sextets[1][in[5]] | sextets[2][in[6]] | sextets[3][in[7]]
		bad |= high | low
		binary.BigEndian.PutUint64(out, uint64(high)<<40|uint64(low)<<16)
		src, out = src[8:], out[6:]
	}
	if len(src) >= 4 {
		v := sextets[0][src[0]] | sextets[1][src[1]] | sextets[2][src[2]] | sextets[3][src[3]]
		bad |= v
		out[0], out[1], out[2] = byte(v>>16), byte(v>>8), byte(v)
		src, out = src[4:], out[3:]
	}
	switch len(src) {
	case 2:
		v := sextets[0][src[0]] | sextets[1][src[1]]
		bad |= v | v<<16 // the 16 bits below the only byte must be 0
		out[0] = byte(v >> 16)
	case 3:
		v := sextets[0][src[0]] | sextets[1][src[1]] | sextets[2][src[2]]
		bad |= v | v<<24 // the 8 bits below the second byte must be 0
		out[0], out[1] = byte(v>>16), byte(v>>8)
	}
	return dst[:n], bad&0xff000000 == 0
}
