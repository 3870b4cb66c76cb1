//go:build !amd64 || purego

package jwt

// decodeFast leaves all to the portable code.
func decodeFast(dst, src []byte) (n int, valid bool) { return 0, true }

// mark makes no marks.
func mark(marks []uint64, b []byte) []uint64 { return marks }
