// Package inverse inverts modulo an odd number of 256 bits, in portable Go and
// in variable time: nothing in it may touch a secret.
package inverse

import "math/bits"

// round is how many bits each round shifts out. The factors of a round are at
// most 2^round in size, and two of them share a word.
const round = 30

// Modulus is an odd number above 2^255, the least word first.
type Modulus struct {
	Words [4]uint64
	// K is -1/m modulo 2^60 for the number m: adding (K t mod 2^60) m to t makes t
	// divisible by 2^60.
	K uint64
}

// Of sets e to 1/a modulo m, or to 0 where a is 0, for a below m.
//
// It is the binary algorithm of Pornin, "Optimized Binary GCD for Modular
// Inversion", https://eprint.iacr.org/2020/972, with all trailing zeros of a
// difference shifted out at once. A round works on one word that stands for
// each number, its top 34 bits over its low 30: the low ones decide the shifts
// exactly, the top ones which number is larger, nearly enough that a number
// that goes slightly negative is mended by changing its sign. What two rounds
// did is four factors, which are applied to c and d, where always
//
//	c*a = x  and  d*a = y  modulo m.
//
// x and y have 512 bits together at first and lose 30 of them or more a round, so
// that there are at most 18 rounds.
func (m *Modulus) Of(e, a *[4]uint64) {
	x, y := *a, m.Words
	c, d := [4]uint64{1}, [4]uint64{}
	for x[0]|x[1]|x[2]|x[3] != 0 {
		f := halve(&x, &y)
		f = halve(&x, &y).times(&f)
		s, _ := combine(f.ux, f.vx, &c, &d)
		t, _ := combine(f.uy, f.vy, &c, &d)
		c, d = m.halved(&s), m.halved(&t)
	}
	*e = d // x is 0, and so y is gcd(a, m): 1, or m where a was 0, and then d is 0
}

// factors are what some rounds did: they took x to (ux*x + vx*y) / 2^bits and
// y to (uy*x + vy*y) / 2^bits.
type factors struct{ ux, vx, uy, vy int64 }

// times returns what g after f does.
func (g factors) times(f *factors) factors {
	return factors{
		g.ux*f.ux + g.vx*f.uy, g.ux*f.vx + g.vx*f.vy,
		g.uy*f.ux + g.vy*f.uy, g.uy*f.vx + g.vy*f.vy,
	}
}

// halve does one round on x and y, of which y is odd, and returns its factors.
func halve(x, y *[4]uint64) factors {
	i := 3
	for i > 0 && x[i]|y[i] == 0 {
		i--
	}
	if i == 0 { // the words are the numbers
		var fx, fy uint64
		x[0], y[0], fx, fy = halveWords(x[0], y[0])
		ux, vx := unpack(fx)
		uy, vy := unpack(fy)
		return factors{ux, vx, uy, vy}
	}
	const low = 1<<round - 1
	left := uint(bits.LeadingZeros64(x[i] | y[i]))
	xw := x[i]<<left | x[i-1]>>(64-left)
	yw := y[i]<<left | y[i-1]>>(64-left)
	_, _, fx, fy := halveWords(xw&^low|x[0]&low, yw&^low|y[0]&low)

	ux, vx := unpack(fx)
	uy, vy := unpack(fy)
	s, signX := combine(ux, vx, x, y)
	t, signY := combine(uy, vy, x, y)
	*x, *y = s.shifted(signX), t.shifted(signY)
	return factors{(ux ^ signX) - signX, (vx ^ signX) - signX, (uy ^ signY) - signY, (vy ^ signY) - signY}
}

// halveWords is a round on single words. It returns two packed factors for each
// of x and y.
func halveWords(x, y uint64) (_, _, fx, fy uint64) {
	fx, fy = 1, 1<<32
	for stop := uint64(1 << round); ; {
		zeros := bits.TrailingZeros64(x|stop) & 63
		x >>= zeros
		fy <<= zeros // instead of halving fx
		if stop >>= zeros; stop == 1 {
			return x, y, fx, fy
		}
		// Both are odd: x, y = |x-y|, min(x, y), with no branch, for which is
		// the smaller is a coin toss.
		diff, borrow := bits.Sub64(x, y, 0)
		less := -borrow
		y += diff & less
		x = (diff ^ less) - less
		f := fx - fy
		fy += f & less
		fx = (f ^ less) - less
	}
}

// unpack returns u and v of u + v*2^32.
func unpack(f uint64) (u, v int64) {
	u = int64(int32(f))
	return u, int64(f-uint64(u)) >> 32
}

// signed is a number of five words in two's complement.
type signed [5]uint64

// combine returns u*x + v*y and its sign, 0 or -1, for |u| + |v| <= 2^(2*round).
func combine(u, v int64, x, y *[4]uint64) (s signed, sign int64) {
	// The product by a negative factor as if it were unsigned is too large by
	// 2^64 times the other factor.
	mu, mv := uint64(u>>63), uint64(v>>63)
	uu, vv := uint64(u), uint64(v)
	h0, l0 := bits.Mul64(uu, x[0])
	h1, l1 := bits.Mul64(uu, x[1])
	h2, l2 := bits.Mul64(uu, x[2])
	h3, l3 := bits.Mul64(uu, x[3])
	var k uint64
	l1, k = bits.Add64(l1, h0, 0)
	l2, k = bits.Add64(l2, h1, k)
	l3, k = bits.Add64(l3, h2, k)
	h3 += k

	g0, m0 := bits.Mul64(vv, y[0])
	g1, m1 := bits.Mul64(vv, y[1])
	g2, m2 := bits.Mul64(vv, y[2])
	g3, m3 := bits.Mul64(vv, y[3])
	m1, k = bits.Add64(m1, g0, 0)
	m2, k = bits.Add64(m2, g1, k)
	m3, k = bits.Add64(m3, g2, k)
	g3 += k

	s[0], k = bits.Add64(l0, m0, 0)
	s[1], k = bits.Add64(l1, m1, k)
	s[2], k = bits.Add64(l2, m2, k)
	s[3], k = bits.Add64(l3, m3, k)
	s[4] = h3 + g3 + k

	s[1], k = bits.Sub64(s[1], x[0]&mu, 0)
	s[2], k = bits.Sub64(s[2], x[1]&mu, k)
	s[3], k = bits.Sub64(s[3], x[2]&mu, k)
	s[4] -= x[3]&mu + k
	s[1], k = bits.Sub64(s[1], y[0]&mv, 0)
	s[2], k = bits.Sub64(s[2], y[1]&mv, k)
	s[3], k = bits.Sub64(s[3], y[2]&mv, k)
	s[4] -= y[3]&mv + k
	return s, int64(s[4]) >> 63
}

// shifted returns |s| / 2^round for s of the given sign, where that is exact
// and fits.
func (s *signed) shifted(sign int64) (r [4]uint64) {
	m := uint64(sign)
	k := m & 1
	r[0], k = bits.Add64((s[0]>>round|s[1]<<(64-round))^m, 0, k)
	r[1], k = bits.Add64((s[1]>>round|s[2]<<(64-round))^m, 0, k)
	r[2], k = bits.Add64((s[2]>>round|s[3]<<(64-round))^m, 0, k)
	r[3], _ = bits.Add64((s[3]>>round|s[4]<<(64-round))^m, 0, k)
	return r
}

// halved returns s / 2^60 modulo m, below m, for |s| <= 2^60 (m-1): s and a
// multiple of m below 2^60 m are divisible by 2^60, and the quotient is above -m
// and below 2m.
func (m *Modulus) halved(s *signed) (r [4]uint64) {
	const pair = 2 * round
	q := s[0] * m.K & (1<<pair - 1)
	h0, l0 := bits.Mul64(q, m.Words[0])
	h1, l1 := bits.Mul64(q, m.Words[1])
	h2, l2 := bits.Mul64(q, m.Words[2])
	h3, l3 := bits.Mul64(q, m.Words[3])
	var k uint64
	l1, k = bits.Add64(l1, h0, 0)
	l2, k = bits.Add64(l2, h1, k)
	l3, k = bits.Add64(l3, h2, k)
	h3 += k
	var t signed
	t[0], k = bits.Add64(s[0], l0, 0)
	t[1], k = bits.Add64(s[1], l1, k)
	t[2], k = bits.Add64(s[2], l2, k)
	t[3], k = bits.Add64(s[3], l3, k)
	t[4] = s[4] + h3 + k
	for i := range r {
		r[i] = t[i]>>pair | t[i+1]<<(64-pair)
	}
	top := uint64(int64(t[4]) >> pair) // 1, 0 or -1
	if top == 1<<64-1 {
		r[0], k = bits.Add64(r[0], m.Words[0], 0)
		r[1], k = bits.Add64(r[1], m.Words[1], k)
		r[2], k = bits.Add64(r[2], m.Words[2], k)
		r[3], _ = bits.Add64(r[3], m.Words[3], k)
		return r
	}
	var u [4]uint64
	u[0], k = bits.Sub64(r[0], m.Words[0], 0)
	u[1], k = bits.Sub64(r[1], m.Words[1], k)
	u[2], k = bits.Sub64(r[2], m.Words[2], k)
	u[3], k = bits.Sub64(r[3], m.Words[3], k)
	if _, k = bits.Sub64(top, 0, k); k == 0 {
		return u
	}
	return r
}
