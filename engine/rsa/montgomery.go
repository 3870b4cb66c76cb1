package rsa

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

//go:generate sh -c "cd _asm && go run . -out ../ifma_amd64.s -stubs ../ifma_amd64.go -pkg rsa"

const (
	limbBits = 52
	limbMask = 1<<limbBits - 1
	maxLimbs = 80
	maxBytes = 512 // of a modulus of 4096 bits
)

// A number is limbs of 52 bits, the lowest first, of which a modulus's size
// counts.
type number [maxLimbs]uint64

// A modulus is N of 2048, 3072 or 4096 bits, made ready for Montgomery
// multiplication with R = 2^(52*limbs) > 4N.
type modulus struct {
	limbs int
	size  int                  // of N in bytes
	n     [2 * maxLimbs]uint64 // N, and right behind its limbs those of -1/N mod R
	rr    number               // R² mod N
	bytes [maxBytes]byte       // N, big-endian, in the first size bytes
}

// limbsFor are the limbs of a modulus of so many bits, 0 where there is no
// assembly for them.
func limbsFor(bitLen int) int {
	switch bitLen {
	case 2048:
		return 40
	case 3072:
		return 64
	case 4096:
		return 80
	}
	return 0
}

// newModulus makes an odd N ready.
func newModulus(n *big.Int) *modulus {
	m := &modulus{limbs: limbsFor(n.BitLen()), size: n.BitLen() / 8}
	n.FillBytes(m.bytes[:m.size])
	r := new(big.Int).Lsh(big.NewInt(1), uint(limbBits*m.limbs))
	inverse := inverseMod(n, limbBits*m.limbs)
	m.fill(m.n[:m.limbs], n)
	m.fill(m.n[m.limbs:2*m.limbs], inverse.Sub(r, inverse))
	rr := new(big.Int).Lsh(big.NewInt(1), uint(2*limbBits*m.limbs))
	m.fill(m.rr[:m.limbs], rr.Mod(rr, n))
	return m
}

// inverseMod is 1/n mod 2^bits for an odd n: each step doubles how many bits are
// right (x (2 - n x) is right to twice as many as x).
func inverseMod(n *big.Int, bits int) *big.Int {
	x, t := big.NewInt(1), new(big.Int)
	two := big.NewInt(2)
	for have := 1; have < bits; {
		have = min(2*have, bits)
		mod := uint(have)
		t.Mul(low(n, mod), x)
		t.Sub(two, t)
		x.Mul(x, t)
		x.And(x, mask(mod))
	}
	return x
}

func mask(bits uint) *big.Int {
	m := new(big.Int).Lsh(big.NewInt(1), bits)
	return m.Sub(m, big.NewInt(1))
}

func low(n *big.Int, bits uint) *big.Int { return new(big.Int).And(n, mask(bits)) }

// fill writes x into limbs.
func (m *modulus) fill(z []uint64, x *big.Int) {
	var b [limbBits*maxLimbs/8 + 8]byte
	fromBytes(z, x.FillBytes(b[:limbBits*m.limbs/8]))
}

// fromBytes reads a big-endian number of any length that has room in z.
func fromBytes(z []uint64, b []byte) {
	var padded [limbBits*maxLimbs/8 + 8]byte
	end := len(padded)
	copy(padded[end-len(b):], b)
	for i := range z {
		// Limb i begins at bit 52i, which is the beginning or the middle of a byte.
		at := limbBits * i
		word := binary.BigEndian.Uint64(padded[end-at/8-8:])
		z[i] = word >> (at % 8) & limbMask
	}
}

// toBytes writes x, big-endian, into b, of which it fills the whole length.
func toBytes(b []byte, x []uint64) {
	var padded [limbBits*maxLimbs/8 + 16]byte
	end := len(padded)
	for i := 0; i < len(x); i += 2 { // two limbs are 13 bytes
		at := end - 13*(i/2)
		binary.BigEndian.PutUint64(padded[at-16:], x[i+1]>>12)
		binary.BigEndian.PutUint64(padded[at-8:], x[i]|x[i+1]<<limbBits)
	}
	copy(b, padded[end-len(b):])
}

// power65537 writes s^65537 mod N into em, for s < N; both are big-endian and of
// N's size.
func (m *modulus) power65537(em, s []byte) {
	var x, y number
	fromBytes(x[:m.limbs], s)
	m.mul(&y, &x, &m.rr)
	for range 16 {
		m.mul(&y, &y, &y)
	}
	m.mul(&y, &y, &x)
	m.reduce(&y)
	toBytes(em, y[:m.limbs])
}

// reduce takes x, which is less than 2N, to less than N.
func (m *modulus) reduce(x *number) {
	var z number
	var borrow uint64
	for i := range m.limbs {
		d, b := bits.Sub64(x[i], m.n[i]+borrow, 0)
		z[i], borrow = d&limbMask, b
	}
	if borrow == 0 {
		*x = z
	}
}

// mulGeneric is what the assembly is held to: z = x*y/R modulo N, less than 2N,
// limb by limb (CIOS, Koç and others, 1996).
func (m *modulus) mulGeneric(z, x, y *number) {
	var t [maxLimbs + 2]uint64
	n, k := m.n[:m.limbs], m.n[m.limbs] // k = -1/N mod 2^52
	for i := range m.limbs {
		addMul(t[:m.limbs+2], x[:m.limbs], y[i])
		addMul(t[:m.limbs+2], n, t[0]*k&limbMask)
		copy(t[:], t[1:m.limbs+2]) // t is a multiple of 2^52
		t[m.limbs+1] = 0
	}
	copy(z[:m.limbs], t[:m.limbs])
}

// addMul adds a*b to t, with limbs of 52 bits.
func addMul(t, a []uint64, b uint64) {
	var carry uint64
	for i, x := range a {
		hi, lo := bits.Mul64(x, b)
		lo, c := bits.Add64(lo, t[i], 0)
		hi += c
		lo, c = bits.Add64(lo, carry, 0)
		hi += c
		t[i], carry = lo&limbMask, hi<<(64-limbBits)|lo>>limbBits
	}
	for i := len(a); i < len(t); i++ {
		carry += t[i]
		t[i], carry = carry&limbMask, carry>>limbBits
	}
}
