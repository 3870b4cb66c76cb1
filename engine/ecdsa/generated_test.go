package ecdsa

//lint:file-ignore SA1019 keys made for a signature are points, with no private key

import (
	std "crypto/ecdsa"
	"crypto/elliptic"
	"encoding/binary"
	"flag"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/ecdsa/internal/field"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/point"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/scalar"
)

var (
	generatedCases = flag.Int("generated", 10000, "how many cases TestGenerated makes")
	generatedSeed  = flag.Uint64("seed", 1, "what TestGenerated makes its cases from")
)

// A maker makes cases: signatures that ought to hold, above all under keys and
// with multipliers for which additions meet equal and opposite points, and what
// is left of them after a small change.
type maker struct {
	*rand.Rand
	keys []generatedKey
}

// A generatedKey is d*G, or a point made for one signature with an x of n or more.
type generatedKey struct {
	d       *scalar.Scalar // nil where nobody knows it
	public  *std.PublicKey
	whole   *PublicKey
	compact *PublicKey
	// The one signature where d is nil.
	digest, sig []byte
}

func newMaker(seed uint64) *maker {
	m := &maker{}
	m.reseed(seed)
	m.keys = make([]generatedKey, 48)
	for i := range m.keys {
		m.renew(i)
	}
	return m
}

func (m *maker) reseed(seed uint64) { m.Rand = rand.New(rand.NewPCG(seed, 0)) }

func (m *maker) bytes(n int) []byte {
	b := make([]byte, n+8)
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], m.Uint64())
	}
	return b[:n]
}

// scalar returns a number in [1, n): any, or one of few bits, or near n.
func (m *maker) scalar() (s scalar.Scalar) {
	for {
		v := new(big.Int).SetBytes(m.bytes(32))
		switch m.IntN(8) {
		case 0:
			v.SetInt64(1 + m.Int64N(300))
		case 1:
			v.Sub(n, big.NewInt(1+m.Int64N(300)))
		case 2:
			v.SetInt64(0).SetBit(v, m.IntN(256), 1)
		case 3:
			v.Rsh(v, uint(m.IntN(256)))
		}
		if s.SetBytes((*[32]byte)(v.FillBytes(make([]byte, 32)))) {
			return s
		}
	}
}

func scalarBytes(s *scalar.Scalar) []byte {
	b := make([]byte, 32)
	for i, w := range s {
		binary.BigEndian.PutUint64(b[24-8*i:], w)
	}
	return b
}

// quotient returns a/b modulo n, product a*b.
func quotient(a, b *scalar.Scalar) (q scalar.Scalar) {
	q.Invert(b)
	q.Mul(a, &q)
	return q
}

func product(a, b *scalar.Scalar) scalar.Scalar {
	inverse := quotient(&scalar.Scalar{1}, b)
	return quotient(a, &inverse)
}

// sum returns x modulo n of u1*G + u2*Q, and whether that is a point.
func sum(k *PublicKey, u1, u2 *scalar.Scalar) (x scalar.Scalar, ok bool) {
	var p point.Point
	c1, c2 := u1.Digits8(), u2.Digits8()
	k.base.AddMultipleExactly(&p, c1[:])
	k.table.AddMultipleExactly(&p, c2[:])
	var z field.Element
	w := z.Mul(&p.X, z.Invert(&p.ZZ)).Words()
	x.SetDigest(scalarBytes((*scalar.Scalar)(&w)))
	return x, !p.ZZ.IsZero() && x != scalar.Scalar{}
}

// renew replaces key i: a third honest, a half of a d for which multiples of G and
// of Q are often the same, the rest a point made so that x is n or more.
func (m *maker) renew(i int) {
	k := &m.keys[i]
	*k = generatedKey{}
	if m.IntN(6) == 0 {
		m.largeX(k)
	} else {
		d := m.scalar()
		k.d = &d
		private, err := std.ParseRawPrivateKey(elliptic.P256(), scalarBytes(&d))
		if err != nil {
			panic(err)
		}
		k.public = &private.PublicKey
	}
	var err error
	if k.whole, err = NewPublicKey(k.public); err != nil {
		panic(err)
	}
	if k.compact, err = NewCompactPublicKey(k.public); err != nil {
		panic(err)
	}
}

// largeX makes a key and a signature (r, s) for which [u1]G + [u2]Q is a point R
// with x = r + n: Q is (s R - e G)/r.
func (m *maker) largeX(k *generatedKey) {
	c := elliptic.P256()
	for {
		span := new(big.Int).Sub(p, n)
		r := new(big.Int).SetBytes(m.bytes(32))
		if r.Mod(r, span); m.IntN(2) == 0 {
			r.SetInt64(1 + m.Int64N(1000))
		}
		x := new(big.Int).Add(r, n)
		y := new(big.Int).Exp(x, big.NewInt(3), p)
		y.Sub(y, new(big.Int).Mul(x, big.NewInt(3))).Add(y, c.Params().B).Mod(y, p)
		if x.Cmp(p) >= 0 || y.ModSqrt(y, p) == nil {
			continue
		}
		s, e := m.scalar(), m.scalar()
		k.digest, k.sig = scalarBytes(&e), join(r, new(big.Int).SetBytes(scalarBytes(&s)))
		over := new(big.Int).ModInverse(r, n)
		times := func(v []byte) []byte {
			w := new(big.Int).SetBytes(v)
			return w.Mul(w, over).Mod(w, n).Bytes()
		}
		x1, y1 := c.ScalarMult(x, y, times(scalarBytes(&s)))
		x2, y2 := c.ScalarBaseMult(times(scalarBytes(&e)))
		qx, qy := c.Add(x1, y1, x2, new(big.Int).Sub(p, y2))
		k.public = &std.PublicKey{Curve: c, X: qx, Y: qy}
		return
	}
}

// signed returns a signature that holds under k: for multipliers u1 and u2 that
// are chosen first, of which the digest and s follow, or of a digest of any length
// with a d that is known.
func (m *maker) signed(k *generatedKey) (digest, sig []byte) {
	if k.d == nil {
		return append([]byte(nil), k.digest...), append([]byte(nil), k.sig...)
	}
	u1, u2 := m.scalar(), m.scalar()
	switch m.IntN(8) {
	case 0:
		u1 = u2
	case 1: // u1 G = u2 Q
		u1 = product(&u2, k.d)
	case 2: // u1 G = -u2 Q: no point
		u1 = product(&u2, k.d)
		u1.SetBytes((*[32]byte)(new(big.Int).Sub(n, new(big.Int).SetBytes(scalarBytes(&u1))).FillBytes(make([]byte, 32))))
	case 3:
		u1 = scalar.Scalar{}
	case 4, 5: // u2 = 1/u1: k is any number
		digest = m.bytes(m.IntN(80))
		var e scalar.Scalar
		e.SetDigest(digest)
		nonce := m.scalar()
		r, ok := sum(m.keys[0].whole, &nonce, &scalar.Scalar{})
		if !ok {
			break
		}
		t := product(&r, k.d)
		v := new(big.Int).SetBytes(scalarBytes(&t))
		v.Add(v, new(big.Int).SetBytes(scalarBytes(&e))).Mod(v, n)
		var top, s scalar.Scalar
		top.SetDigest(v.FillBytes(make([]byte, 32)))
		s = quotient(&top, &nonce)
		return digest, append(scalarBytes(&r), scalarBytes(&s)...)
	}
	r, ok := sum(k.whole, &u1, &u2)
	if !ok {
		r = m.scalar()
	}
	s := quotient(&r, &u2)
	e := product(&u1, &s)
	return scalarBytes(&e), append(scalarBytes(&r), scalarBytes(&s)...)
}

// exception returns a key and a signature that holds under it for which additions
// meet equal points: Q is G, and u1 and u2 are one number.
func (m *maker) exception() (k *PublicKey, digest, sig []byte) {
	c := elliptic.P256().Params()
	k, err := NewPublicKey(&std.PublicKey{Curve: elliptic.P256(), X: c.Gx, Y: c.Gy})
	if err != nil {
		panic(err)
	}
	u := scalar.Scalar{12345, 678, 9}
	r, _ := sum(k, &u, &u)
	s := quotient(&r, &u)
	e := product(&u, &s)
	return k, scalarBytes(&e), append(scalarBytes(&r), scalarBytes(&s)...)
}

// next makes a case.
func (m *maker) next() (k *generatedKey, digest, sig []byte) {
	k = &m.keys[m.IntN(len(m.keys))]
	digest, sig = m.signed(k)
	half := sig[32*m.IntN(2):][:32] // r or s
	change := func(do func(v *big.Int)) {
		v := new(big.Int).SetBytes(half)
		if do(v); v.Sign() >= 0 && v.BitLen() <= 256 {
			v.FillBytes(half)
		}
	}
	switch m.IntN(24) { // from 10 up: leave it
	case 0:
		sig[m.IntN(64)] ^= 1 << m.IntN(8)
	case 1:
		if len(digest) > 0 {
			digest[m.IntN(len(digest))] ^= 1 << m.IntN(8)
		}
	case 2:
		change(func(v *big.Int) { v.Add(v, n) })
	case 3:
		change(func(v *big.Int) { v.Sub(n, v) })
	case 4:
		copy(half, m.bytes(32))
	case 5:
		special := []*big.Int{new(big.Int), big.NewInt(1), n, p, new(big.Int).Sub(n, big.NewInt(1)), new(big.Int).Sub(p, n), new(big.Int).Sub(limit, big.NewInt(1))}
		special[m.IntN(len(special))].FillBytes(half)
	case 6:
		sig = append(sig, 0)[:63+2*m.IntN(2)]
	case 7:
		digest = append(digest, m.bytes(m.IntN(40))...)
	case 8:
		clear(digest)
	case 9:
		change(func(v *big.Int) { v.Sub(v, n) })
	}
	return k, digest, sig
}

// Generated cases get crypto/ecdsa's verdict on every path. The default is a
// bounded run; docs/signatures.md names the long one, which is
//
//	go test -run TestGenerated -generated N -seed S -timeout 0 -v ./engine/ecdsa
func TestGenerated(t *testing.T) {
	cases := *generatedCases
	if testing.Short() {
		cases /= 10
	}
	m := newMaker(*generatedSeed)
	const size = 24
	var (
		whole, compact, mixed [size]*PublicKey
		of                    [size]*generatedKey
		digests, sigs         [size][]byte
		want, got             [size]bool
		accepted              int
	)
	start := time.Now()
	done := 0
	for ; done < cases; done += size {
		for i := range size {
			k, digest, sig := m.next()
			of[i], whole[i], compact[i], digests[i], sigs[i] = k, k.whole, k.compact, digest, sig
			mixed[i] = k.whole
			if m.IntN(2) == 0 {
				mixed[i] = k.compact
			}
			if want[i] = oracle(k.public, digest, sig); want[i] {
				accepted++
			}
		}
		check := func(name string, b backend) {
			t.Helper()
			for i := range size {
				if got[i] != want[i] {
					t.Fatalf("seed %d, %s of %s: %v, want %v: key %x, %x digest %x sig %x",
						*generatedSeed, name, b, got[i], want[i], of[i].public.X, of[i].public.Y, digests[i], sigs[i])
				}
			}
		}
		for _, b := range backends {
			// Every case on the fast backend alone and in a batch; of the slower
			// one, and of other kinds of table, a sixteenth.
			all := b == backends[0]
			some := done / size % 16
			if all || some == 0 {
				for i, k := range whole {
					got[i] = k.verify(b, digests[i], sigs[i])
				}
				check("one by one", b)
			}
			if all || some == 1 {
				n := 1 + m.IntN(size)
				verifyBatch(b, whole[:n], digests[:n], sigs[:n], got[:n])
				verifyBatch(b, whole[n:], digests[n:], sigs[n:], got[n:])
				check("batch", b)
			}
			if some == 2 {
				for i, k := range compact {
					got[i] = k.verify(b, digests[i], sigs[i])
				}
				check("compact one by one", b)
			}
			if some == 3 {
				verifyBatch(b, mixed[:], digests[:], sigs[:], got[:])
				check("mixed batch", b)
			}
		}
		if done/size%100 == 0 {
			m.renew(m.IntN(len(m.keys)))
		}
		if done/1_000_000 != (done+size)/1_000_000 {
			t.Logf("%d cases, %d accepted, %v", done+size, accepted, time.Since(start).Round(time.Second))
		}
	}
	if done >= 1000 && (accepted < done/5 || accepted > done*4/5) {
		t.Errorf("%d of %d accepted: the mix is lopsided", accepted, done)
	}
	t.Logf("seed %d: %d cases, %d accepted, %v, backends %v", *generatedSeed, done, accepted, time.Since(start).Round(time.Second), backends)
}
