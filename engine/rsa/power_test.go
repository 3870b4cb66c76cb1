package rsa

import (
	"bytes"
	"flag"
	"math/big"
	"math/rand/v2"
	"testing"
)

var powerCases = flag.Int("powers", 2000, "how many numbers TestPowers raises")

// s^65537 mod N is math/big's, for moduli and numbers at the edges of limbs and
// for any, and nothing of N or more is raised. The portable code is asked as
// well, once in 16. Everything comes from -seed.
func TestPowers(t *testing.T) {
	if backends[0] != avx512ifma {
		t.Skip("no assembly here")
	}
	cases := *powerCases
	if testing.Short() {
		cases /= 10
	}
	r := edgy{rand.New(rand.NewPCG(*generatedSeed, 65537))}
	e := big.NewInt(65537)
	counts := map[int]int{}
	refused := 0
	var m *modulus
	var n *big.Int
	for i := range cases {
		if i%64 == 0 {
			bits := []int{2048, 2048, 2048, 3072, 4096}[r.IntN(5)]
			n = r.modulus(bits)
			m = newModulus(n)
		}
		counts[n.BitLen()]++
		var s *big.Int
		switch r.IntN(8) {
		case 0:
			s = r.number(n.BitLen())
		case 1: // near N, on either side, as far as there is room
			s = new(big.Int).Add(n, big.NewInt(int64(r.IntN(9)-4)))
			if s.BitLen() > n.BitLen() {
				s.Set(n)
			}
		case 2:
			s = big.NewInt(int64(r.IntN(4)))
		default:
			b := make([]byte, m.size)
			randomReader{r.Rand}.Read(b)
			s = new(big.Int).SetBytes(b)
		}
		if s.BitLen() > n.BitLen() {
			s.Mod(s, n)
		}
		sig, em := s.FillBytes(make([]byte, m.size)), make([]byte, m.size)
		if got, want := m.encoded(em, sig), s.Cmp(n) < 0; got != want {
			t.Fatalf("seed %d, case %d: taken %v, want %v\nn %x\ns %x", *generatedSeed, i, got, want, n, s)
		} else if !got {
			refused++
			continue
		}
		want := new(big.Int).Exp(s, e, n).FillBytes(make([]byte, m.size))
		if !bytes.Equal(em, want) {
			t.Fatalf("seed %d, case %d: n %x\ns %x\ngot  %x\nwant %x", *generatedSeed, i, n, s, em, want)
		}
		if i%16 > 0 {
			continue
		}
		var x, y number
		fromBytes(x[:m.limbs], sig)
		m.mulGeneric(&y, &x, &m.rr)
		for range 16 {
			m.mulGeneric(&y, &y, &y)
		}
		m.mulGeneric(&y, &y, &x)
		m.reduce(&y)
		if toBytes(em, y[:m.limbs]); !bytes.Equal(em, want) {
			t.Fatalf("seed %d, case %d, generic: n %x\ns %x\ngot  %x\nwant %x", *generatedSeed, i, n, s, em, want)
		}
	}
	t.Logf("seed %d: %d cases, by bits of N %v, %d of N or more", *generatedSeed, cases, counts, refused)
}
