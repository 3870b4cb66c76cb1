//go:build amd64 && !purego && unix

package jwt

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"testing"

	"github.com/tollgate/tollgate/internal/guard"
)

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
		src, dst := guard.Before(t, base64.RawURLEncoding.EncodedLen(n)), guard.Before(t, n)
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

// Whole blocks with nothing readable after them and 4 bytes that may be written
// to after what they decode to, and every byte at every place of one.
func TestDecodeAVX2(t *testing.T) {
	if !hasAVX2 {
		t.Skip("this processor has no AVX2")
	}
	random := rand.NewChaCha8([32]byte{4})
	for blocks := 1; blocks < 20; blocks++ {
		want := make([]byte, 24*blocks)
		random.Read(want)
		src, dst := guard.Before(t, 32*blocks), guard.Before(t, 24*blocks+4)
		base64.RawURLEncoding.Encode(src, want)
		if !decodeAVX2(&dst[0], &src[0], blocks) || !bytes.Equal(dst[:24*blocks], want) {
			t.Fatalf("%d blocks: %x, want %x", blocks, dst, want)
		}
	}
	var dst [76]byte
	for i := range 64 {
		for c := range 256 {
			src := bytes.Repeat([]byte("-_Az09aZ"), 12)
			src[i] = byte(c)
			want, ok := strict(src)
			if got := decodeAVX2(&dst[0], &src[0], 3); got != ok || ok && !bytes.Equal(dst[:72], want) {
				t.Fatalf("%q: %x, %v; want %x, %v", src, dst[:72], got, want, ok)
			}
		}
	}
}

// Every byte at every place, any length, with nothing readable after it.
func TestMark(t *testing.T) {
	if !hasAVX2 {
		t.Skip("this processor has no AVX2")
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
	each := func(t *testing.T) {
		random := rand.NewChaCha8([32]byte{3})
		for n := 1; n < 300; n++ {
			b := guard.Before(t, n)
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
	t.Run("fastest", each)
	t.Run("AVX2", func(t *testing.T) { without(t, &hasVBMI); each(t) })
}

// without takes what the processor has away for a test.
func without(t *testing.T, has ...*bool) {
	for _, h := range has {
		old := *h
		*h = false
		t.Cleanup(func() { *h = old })
	}
}

// With the assembly for AVX2 and without any, the same as with the fastest.
func TestSlower(t *testing.T) {
	all := func(t *testing.T) {
		t.Run("AllCharacters", TestDecodeAllCharacters)
		t.Run("Lengths", TestDecodeLengths)
		t.Run("Validate", TestValidate)
		t.Run("ValidateRefuses", TestValidateRefuses)
		t.Run("JSONTestSuite", TestJSONTestSuite)
		t.Run("Mutations", TestValidateMutations)
		t.Run("ScanRefuses", TestScanRefuses)
	}
	t.Run("AVX2", func(t *testing.T) {
		if !hasVBMI {
			t.Skip("AVX2 is what all other tests use, if anything")
		}
		without(t, &hasVBMI)
		all(t)
	})
	t.Run("portable", func(t *testing.T) { without(t, &hasVBMI, &hasAVX2); all(t) })
}
