package jwt

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"testing"
)

// strict is the standard library's word on canonical base64url. It skips line
// breaks, which decode must not.
func strict(src []byte) ([]byte, bool) {
	if bytes.ContainsAny(src, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().AppendDecode(nil, src)
	return b, err == nil
}

func compareDecode(t *testing.T, src []byte) {
	t.Helper()
	want, ok := strict(src)
	prefix := []byte("before")
	got, gotOK := decode(bytes.Clone(prefix), src)
	if gotOK != ok || ok && !bytes.Equal(got, append(prefix, want...)) {
		t.Errorf("decode(%q) = %q, %v; want %q, %v", src, got, gotOK, want, ok)
	}
}

// Every pair and every last character of a group, in and out of the alphabet.
func TestDecodeAllCharacters(t *testing.T) {
	for a := range 256 {
		for b := range 256 {
			for _, tail := range []string{"", "A", "AA", "AAAA"} {
				compareDecode(t, append([]byte{byte(a), byte(b)}, tail...))
				compareDecode(t, append([]byte(tail), byte(a), byte(b)))
			}
		}
	}
}

func TestDecodeLengths(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	for n := range 200 {
		b := make([]byte, n)
		random.Read(b)
		src := []byte(base64.RawURLEncoding.EncodeToString(b))
		compareDecode(t, src)
		compareDecode(t, append(src, '='))
		compareDecode(t, append(src, '\n'))
		if n > 0 {
			compareDecode(t, src[:len(src)-1])
			src[len(src)-1]++ // a stray bit, where there are any
			compareDecode(t, src)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("eyJhbGciOiJFZERTQSJ9"))
	f.Add([]byte("eyJhbGciOiJFZERTQSJ"))
	f.Add([]byte("AB"))
	f.Add([]byte("A=\n"))
	f.Fuzz(compareDecode)
}
