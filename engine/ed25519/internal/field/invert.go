package field

import "math/bits"

// round is how many bits each round of Invert shifts out. The factors of a
// round are at most 2^round in size, and two of them share a word.
const round = 30

// Every round takes round bits or more off the 510 that the two numbers have
// together at first. They are counted in pairs.
const maxPairs = 510/(2*round) + 1

// inversePairs[n] is 2^(-2*round*n).
var inversePairs = func() (list [maxPairs + 1]Element) {
	// 1/2 = (p+1)/2 = 2^254 - 9.
	half := Element{mask51 + 1 - 9, mask51, mask51, mask51, 1<<50 - 1}
	step := half
	for range 2*round - 1 {
		step.Mul(&step, &half)
	}
	list[0] = One
	for n := range list[1:] {
		list[n+1].Mul(&list[n], &step)
	}
	return list
}()

// Invert sets e to 1/a, or to 0 where a is 0, in variable time.
//
// It is the binary algorithm of Pornin, "Optimized Binary GCD for Modular
// Inversion", https://eprint.iacr.org/2020/972, with all trailing zeros of a
// difference shifted out at once. A round works on one word that stands for
// each number, its top 34 bits over its low 30: the low ones decide the shifts
// exactly, the top ones which number is larger, nearly enough that a number
// that goes slightly negative is mended by changing its sign. What two rounds
// did is four factors, which are applied to c and d, where always
//
//	c*a = x * 2^(round*n)  and  d*a = y * 2^(round*n)  modulo p.
func (e *Element) Invert(a *Element) *Element {
	x, y := a.Words(), [4]uint64{1<<64 - 19, 1<<64 - 1, 1<<64 - 1, 1<<63 - 1}
	c, d := [4]uint64{1}, [4]uint64{}
	pairs := 0
	for ; x[0]|x[1]|x[2]|x[3] != 0; pairs++ {
		f := halve(&x, &y)
		f = halve(&x, &y).times(&f)
		s, _ := combine(f.ux, f.vx, &c, &d)
		t, _ := combine(f.uy, f.vy, &c, &d)
		c, d = s.reduced(), t.reduced()
	}
	return e.SetHalved(&d, pairs)
}

// SetHalved sets e to d / 2^(2*round*pairs), the last step of an inversion. It
// is for who does the rounds in another way.
func (e *Element) SetHalved(d *[4]uint64, pairs int) *Element {
	var r Element
	r.SetWords(d)
	r[4] += d[3] >> 63 << 51
	return e.Mul(&r, &inversePairs[pairs])
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

// reduced returns a number that is s modulo p, not always the least. The fifth
// word, below 2^60 in size, counts 2^256 = 38 modulo p, and so does the carry
// of adding that, after which there is none.
func (s *signed) reduced() (r [4]uint64) {
	sign := uint64(int64(s[4]) >> 63)
	hi, lo := bits.Mul64(s[4], 38)
	hi -= 38 & sign
	var k uint64
	r[0], k = bits.Add64(s[0], lo, 0)
	r[1], k = bits.Add64(s[1], hi, k)
	r[2], k = bits.Add64(s[2], sign, k)
	r[3], k = bits.Add64(s[3], sign, k)
	fold := 38 * (k + sign) // 38, 0 or -38
	sign = uint64(int64(fold) >> 63)
	r[0], k = bits.Add64(r[0], fold, 0)
	r[1], k = bits.Add64(r[1], sign, k)
	r[2], k = bits.Add64(r[2], sign, k)
	r[3], _ = bits.Add64(r[3], sign, k)
	return r
}
