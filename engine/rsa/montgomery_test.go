package rsa

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// bigOf is the number in limbs.
func bigOf(z []uint64) *big.Int {
	x := new(big.Int)
	for i := len(z) - 1; i >= 0; i-- {
		x.Lsh(x, limbBits)
		x.Or(x, new(big.Int).SetUint64(z[i]))
	}
	return x
}

// edgy makes numbers of so many bits of which many bytes are 0 or 255, so that
// limbs are at their edges and carries run far.
type edgy struct{ *rand.Rand }

func (r edgy) number(bits int) *big.Int {
	b := make([]byte, bits/8)
	wild := r.IntN(3) == 0
	for i := range b {
		switch r.IntN(4) {
		case 0:
			b[i] = 0
		case 1:
			b[i] = 0xff
		default:
			b[i] = byte(r.Uint32())
		}
		if wild {
			b[i] = byte(r.Uint32())
		}
	}
	return new(big.Int).SetBytes(b)
}

func (r edgy) modulus(bits int) *big.Int {
	n := r.number(bits)
	n.SetBit(n, bits-1, 1)
	return n.SetBit(n, 0, 1)
}

// The multiplications, the assembly where there is one and the portable twin, are
// math/big's: on numbers at the edges of limbs, on aliased arguments, and where
// the low half of the product is 0 but for its highest limb.
func TestMul(t *testing.T) {
	muls := map[string]func(m *modulus, z, x, y *number){"generic": (*modulus).mulGeneric}
	if backends[0] == avx512ifma {
		muls["avx512ifma"] = (*modulus).mul
	}
	rounds := 3000
	if testing.Short() {
		rounds = 400
	}
	for _, bits := range []int{2048, 3072, 4096} {
		r := edgy{rand.New(rand.NewPCG(1, uint64(bits)))}
		for i := range rounds {
			n := r.modulus(bits)
			m := newModulus(n)
			twice := new(big.Int).Lsh(n, 1)
			radix := new(big.Int).Lsh(big.NewInt(1), uint(limbBits*m.limbs))
			x, y := r.number(bits), r.number(bits)
			switch i % 9 {
			case 0:
				x.SetInt64(0)
			case 1:
				y.Sub(twice, big.NewInt(1))
			case 2:
				x.Set(n)
			case 3:
				y.Mod(radix, n)
			case 4:
				x.SetInt64(1)
			case 5:
				x.Lsh(big.NewInt(1), uint(limbBits*(m.limbs/2)))
				y.Lsh(big.NewInt(1), uint(limbBits*(m.limbs-1-m.limbs/2)))
			case 6: // limbs of 2^52 - 1 throughout
				x.Sub(new(big.Int).Lsh(big.NewInt(1), uint(bits)), big.NewInt(1))
				y.Set(x)
			}
			x.Mod(x, twice)
			y.Mod(y, twice)
			want := new(big.Int).Mul(x, y)
			want.Mul(want, new(big.Int).ModInverse(radix, n)).Mod(want, n)
			for name, mul := range muls {
				var z, a, b number
				m.fill(a[:m.limbs], x)
				m.fill(b[:m.limbs], y)
				mul(m, &z, &a, &b)
				got := bigOf(z[:m.limbs])
				for j, l := range z[:m.limbs] {
					if l > limbMask {
						t.Fatalf("%s, %d bits, case %d: limb %d is %#x, more than 52 bits", name, bits, i, j, l)
					}
				}
				if got.Cmp(twice) >= 0 || new(big.Int).Mod(got, n).Cmp(want) != 0 {
					t.Fatalf("%s, %d bits, case %d: n %x\nx %x\ny %x\ngot  %x\nwant %x", name, bits, i, n, x, y, got, want)
				}
				first := a
				if mul(m, &a, &a, &b); a != z {
					t.Fatalf("%s, %d bits, case %d: another result where z is x", name, bits, i)
				}
				if mul(m, &b, &first, &b); b != z {
					t.Fatalf("%s, %d bits, case %d: another result where z is y", name, bits, i)
				}
			}
		}
	}
}

// Bytes and limbs are one another's inverse, and 1/N and R² are what they say.
func TestModulus(t *testing.T) {
	for _, bits := range []int{2048, 3072, 4096} {
		r := edgy{rand.New(rand.NewPCG(2, uint64(bits)))}
		for range 50 {
			n := r.modulus(bits)
			m := newModulus(n)
			radix := new(big.Int).Lsh(big.NewInt(1), uint(limbBits*m.limbs))
			if got := bigOf(m.n[:m.limbs]); got.Cmp(n) != 0 {
				t.Fatalf("N is %x, want %x", got, n)
			}
			product := new(big.Int).Mul(n, bigOf(m.n[m.limbs:2*m.limbs]))
			if product.Add(product, big.NewInt(1)).Mod(product, radix).Sign() != 0 {
				t.Fatalf("N * N' is not -1 modulo R for N = %x", n)
			}
			want := new(big.Int).Mul(radix, radix)
			if got := bigOf(m.rr[:m.limbs]); got.Cmp(want.Mod(want, n)) != 0 {
				t.Fatalf("R² is %x, want %x", got, want)
			}
			b := make([]byte, m.size)
			toBytes(b, m.n[:m.limbs])
			if new(big.Int).SetBytes(b).Cmp(n) != 0 {
				t.Fatalf("N comes back as %x, want %x", b, n)
			}
		}
	}
}

// Numbers with runs of zeros, of ones and powers of 2^52: what random tests never meet.
func TestMulEdges(t *testing.T) {
	if backends[0] != avx512ifma {
		t.Skip("no assembly here")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, bits := range []int{2048, 3072, 4096} {
		ns := []*big.Int{}
		top := new(big.Int).Lsh(big.NewInt(1), uint(bits))
		ns = append(ns, new(big.Int).Sub(top, big.NewInt(1)), new(big.Int).Add(new(big.Int).Rsh(top, 1), big.NewInt(1)))
		for range 20 {
			ns = append(ns, weird(r, bits))
		}
		for _, n := range ns {
			n.SetBit(n, 0, 1).SetBit(n, bits-1, 1)
			m := newModulus(n)
			R := new(big.Int).Lsh(big.NewInt(1), uint(52*m.limbs))
			rinv := new(big.Int).ModInverse(R, n)
			n2 := new(big.Int).Lsh(n, 1)
			for i := range 300 {
				a, b := weird(r, bits+1), weird(r, bits+1)
				if i%4 == 0 { // product 0 modulo R or nearly
					a = new(big.Int).Lsh(big.NewInt(1), uint(r.IntN(bits)))
					b = new(big.Int).Lsh(big.NewInt(1), uint(r.IntN(bits)))
				}
				if i%8 == 1 {
					b = new(big.Int).Sub(n2, big.NewInt(int64(1+r.IntN(3))))
				}
				a.Mod(a, n2)
				b.Mod(b, n2)
				var x, y, z, g number
				m.fill(x[:m.limbs], a)
				m.fill(y[:m.limbs], b)
				m.mul(&z, &x, &y)
				m.mulGeneric(&g, &x, &y)
				want := new(big.Int).Mul(a, b)
				want.Mul(want, rinv).Mod(want, n)
				got := bigOf(z[:m.limbs])
				for j, l := range z[:m.limbs] {
					if l > limbMask {
						t.Fatalf("%d bits: limb %d is %#x, more than 52 bits", bits, j, l)
					}
				}
				if got.Cmp(n2) >= 0 || new(big.Int).Mod(got, n).Cmp(want) != 0 || z != g && new(big.Int).Sub(got, bigOf(g[:m.limbs])).CmpAbs(n) != 0 {
					t.Fatalf("%d bits, case %d: n %x\na %x\nb %x\ngot  %x\nwant %x", bits, i, n, a, b, got, want)
				}
				yy := y
				m.mul(&yy, &x, &yy)
				if yy != z {
					t.Fatalf("%d bits: another result where z is y", bits)
				}
			}
		}
	}
}

// weird is a number of runs of zeros, of ones, and of random bits.
func weird(r *rand.Rand, bits int) *big.Int {
	z := new(big.Int)
	for z.BitLen() < bits {
		n := uint(1 + r.IntN(200))
		z.Lsh(z, n)
		switch r.IntN(3) {
		case 0:
			z.Or(z, mask(n))
		case 1:
			z.Or(z, new(big.Int).And(new(big.Int).SetUint64(r.Uint64()), mask(n)))
		}
		if z.Sign() == 0 {
			z.SetInt64(1)
		}
	}
	return z.And(z, mask(uint(bits)))
}
