//go:build amd64 && !purego && unix

package jwt

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"
)

// beforeGuard returns n bytes that end where memory that cannot be touched begins.
func beforeGuard(t *testing.T, n int) []byte {
	t.Helper()
	page := unix.Getpagesize()
	size := (n + page - 1) / page * page
	b, err := unix.Mmap(-1, 0, size+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(b) })
	if err := unix.Mprotect(b[size:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return b[size-n : size : size]
}

// Any length, with nothing readable after it and nothing writable after what it
// decodes to; and every byte at every place of a block.
func TestDecodeVBMI(t *testing.T) {
	if !hasVBMI {
		t.Skip("this processor has no AVX-512 VBMI")
	}
	random := rand.NewChaCha8([32]byte{2})
	for n := 1; n < 300; n++ {
		want := make([]byte, n)
		random.Read(want)
		src, dst := beforeGuard(t, base64.RawURLEncoding.EncodedLen(n)), beforeGuard(t, n)
		base64.RawURLEncoding.Encode(src, want)
		if !decodeVBMI(&dst[0], &src[0], len(src)) || !bytes.Equal(dst, want) {
			t.Fatalf("%d bytes: %x, want %x", n, dst, want)
		}
	}
	good := []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
	for i := range good {
		for c := range 256 {
			src := bytes.Clone(good)
			src[i] = byte(c)
			compareDecode(t, src)
			compareDecode(t, append(append(bytes.Clone(good), src...), "AAA"...))
			for tail := i + 1; tail < min(len(good), i+4); tail++ {
				compareDecode(t, src[:tail])
			}
		}
	}
}

// Every byte at every place, any length, with nothing readable after it.
func TestMark(t *testing.T) {
	if !hasVBMI {
		t.Skip("this processor has no AVX-512 VBMI")
	}
	check := func(b []byte) {
		t.Helper()
		marks := mark(nil, b)
		for i := range len(marks) * 64 {
			want := i >= len(b) || b[i] == '"' || b[i] == '\\' || b[i] < ' ' || b[i] >= 0x80
			if got := marks[i/64]>>(i%64)&1 == 1; got != want {
				t.Fatalf("byte %d of %q: %v", i, b, got)
			}
		}
	}
	random := rand.NewChaCha8([32]byte{3})
	for n := 1; n < 300; n++ {
		b := beforeGuard(t, n)
		random.Read(b)
		check(b)
	}
	for i := range 64 {
		for c := range 256 {
			b := bytes.Repeat([]byte("a"), 70)
			b[i] = byte(c)
			check(b)
		}
	}
}

// With and without the assembly, the same.
func TestPortable(t *testing.T) {
	if !hasVBMI {
		t.Skip("this processor has no AVX-512 VBMI: the portable code is what all other tests use")
	}
	hasVBMI = false
	defer func() { hasVBMI = true }()
	t.Run("AllCharacters", TestDecodeAllCharacters)
	t.Run("Lengths", TestDecodeLengths)
	t.Run("Validate", TestValidate)
	t.Run("ValidateRefuses", TestValidateRefuses)
	t.Run("JSONTestSuite", TestJSONTestSuite)
	t.Run("Mutations", TestValidateMutations)
	t.Run("ScanRefuses", TestScanRefuses)
}
