package ed25519

import (
	"bytes"
	std "crypto/ed25519"
	"crypto/sha512"
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"filippo.io/edwards25519"

	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
	"github.com/tollgate/tollgate/engine/ed25519/internal/scalar"
)

var (
	generatedCases = flag.Int("generated", 20000, "how many cases TestGenerated makes")
	generatedSeed  = flag.Uint64("seed", 1, "what TestGenerated makes its cases from")
)

// special are encodings of y that a verifier may trip over: those of points of
// small order, canonical and not, and numbers around p.
var special = [][]byte{}

func init() {
	for _, low := range []byte{0, 1, 2, 0xec, 0xed, 0xee, 0xef, 0xff} {
		for _, top := range []byte{0, 0x7f, 0x80, 0xff} {
			fill := byte(0)
			if top&0x7f != 0 {
				fill = 0xff
			}
			e := bytes.Repeat([]byte{fill}, 32)
			e[0], e[31] = low, top
			special = append(special, e)
		}
	}
	for _, x := range []string{order8, "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"} {
		e := unhex(x)
		special = append(special, e, append(bytes.Clone(e[:31]), e[31]|0x80))
	}
}

// A maker makes cases: signatures that ought to hold, signatures that hold for
// one message in eight, and what is left of either after a small change.
type maker struct {
	*rand.Rand
	torsion []point.Point
	base    *point.Table
	keys    []generatedKey
}

type generatedKey struct {
	a       *edwards25519.Scalar // nil where nobody knows it
	whole   *PublicKey
	compact *PublicKey
	encoded []byte
}

func newMaker(seed uint64) *maker {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 0)), base: baseTable()}
	var eighth, t point.Point
	if !eighth.SetBytes((*[32]byte)(unhex(order8))) {
		panic("order8 does not decode")
	}
	t = point.Identity()
	for range 8 {
		m.torsion = append(m.torsion, t)
		t.Add(&t, &eighth)
	}
	m.keys = make([]generatedKey, 48)
	for i := range m.keys {
		m.renew(i)
	}
	return m
}

func (m *maker) bytes(n int) []byte {
	b := make([]byte, n+8)
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], m.Uint64())
	}
	return b[:n]
}

func (m *maker) scalar() *edwards25519.Scalar {
	s, err := new(edwards25519.Scalar).SetUniformBytes(m.bytes(64))
	if err != nil {
		panic(err)
	}
	return s
}

// times returns s*B + t encoded.
func (m *maker) times(s *edwards25519.Scalar, t *point.Point) []byte {
	var own scalar.Scalar
	if !own.SetCanonical((*[32]byte)(s.Bytes())) {
		panic("a scalar that is not reduced")
	}
	p := *t
	d := own.Digits8()
	m.base.AddMultiple(&p, d[:])
	b := p.Bytes()
	return b[:]
}

// renew replaces key i: a third honest, a third with torsion, the rest special
// or any 32 bytes.
func (m *maker) renew(i int) {
	k := &m.keys[i]
	for {
		*k = generatedKey{}
		switch m.IntN(6) {
		case 0, 1:
			k.a = m.scalar()
			k.encoded = m.times(k.a, &m.torsion[0])
		case 2, 3:
			k.a = m.scalar()
			k.encoded = m.times(k.a, &m.torsion[1+m.IntN(7)])
		case 4:
			k.a = edwards25519.NewScalar()
			k.encoded = special[m.IntN(len(special))]
		case 5:
			k.encoded = m.bytes(32)
		}
		var err error
		if k.whole, err = NewPublicKey(k.encoded); err == nil {
			k.compact, _ = NewCompactPublicKey(k.encoded)
			return
		}
	}
}

// order is L, little-endian.
var order = func() []byte {
	minusOne, err := new(edwards25519.Scalar).SetCanonicalBytes(append([]byte{1}, make([]byte, 31)...))
	if err != nil {
		panic(err)
	}
	l := minusOne.Negate(minusOne).Bytes()
	l[0]++ // from ...ec
	return l
}()

// addOrder adds n*L to the number s, modulo 2^256.
func addOrder(s []byte, n int) {
	carry := 0
	for i := range s {
		carry += int(s[i]) + n*int(order[i])
		s[i] = byte(carry)
		carry >>= 8
	}
}

// next makes a case.
func (m *maker) next() (k *generatedKey, message, sig []byte) {
	k = &m.keys[m.IntN(len(m.keys))]
	size := m.IntN(128)
	if m.IntN(64) == 0 {
		size = m.IntN(2048)
	}
	message = m.bytes(size)
	t := &m.torsion[0]
	if m.IntN(4) == 0 {
		t = &m.torsion[m.IntN(8)]
	}
	r := m.scalar()
	if m.IntN(64) == 0 {
		r = edwards25519.NewScalar()
	}
	sig = make([]byte, 64)
	if m.IntN(16) == 0 {
		copy(sig, special[m.IntN(len(special))])
	} else {
		copy(sig, m.times(r, t))
	}
	if k.a == nil {
		copy(sig[32:], r.Bytes())
	} else {
		digest := sha512.Sum512(bytes.Join([][]byte{sig[:32], k.encoded, message}, nil))
		c, err := new(edwards25519.Scalar).SetUniformBytes(digest[:])
		if err != nil {
			panic(err)
		}
		copy(sig[32:], new(edwards25519.Scalar).MultiplyAdd(c, k.a, r).Bytes())
	}
	switch m.IntN(20) { // from 6 up: leave it
	case 0:
		sig[m.IntN(64)] ^= 1 << m.IntN(8)
	case 1:
		if size > 0 {
			message[m.IntN(size)] ^= 1 << m.IntN(8)
		}
	case 2:
		addOrder(sig[32:], 1+m.IntN(15))
	case 3:
		sig[63] |= 1 << (5 + m.IntN(3))
	case 4:
		copy(sig[32:], m.bytes(32))
	case 5:
		sig = append(sig, m.bytes(1)...)[:63+2*m.IntN(2)]
	}
	return k, message, sig
}

// Generated cases get crypto/ed25519's verdict on every path. The default is a
// bounded run; docs/ed25519.md names the long ones, which are
//
//	go test -run TestGenerated -generated N -seed S -timeout 0 -v ./engine/ed25519
func TestGenerated(t *testing.T) {
	cases := *generatedCases
	if testing.Short() {
		cases /= 10
	}
	m := newMaker(*generatedSeed)
	const size = 24
	var (
		whole, compact, mixed [size]*PublicKey
		messages, sigs        [size][]byte
		want, got             [size]bool
		accepted              int
	)
	start := time.Now()
	done := 0
	for ; done < cases; done += size {
		for i := range size {
			k, message, sig := m.next()
			whole[i], compact[i], messages[i], sigs[i] = k.whole, k.compact, message, sig
			mixed[i] = k.whole
			if m.IntN(2) == 0 {
				mixed[i] = k.compact
			}
			if want[i] = std.Verify(k.encoded, message, sig); want[i] {
				accepted++
			}
		}
		check := func(name string, b backend) {
			t.Helper()
			for i := range size {
				if got[i] != want[i] {
					t.Fatalf("seed %d, %s of %s: %v, want %v: key %x message %x sig %x",
						*generatedSeed, name, b, got[i], want[i], whole[i].encoded, messages[i], sigs[i])
				}
			}
		}
		for _, b := range backends {
			// Every case on the fast backend alone and in a batch; of the slower
			// ones, and of other kinds of table, a sixteenth.
			all := b == backends[0]
			some := done / size % 16
			if all || some == 0 {
				for i, k := range whole {
					got[i] = k.verify(b, messages[i], sigs[i])
				}
				check("one by one", b)
			}
			if all || some == 1 {
				n := 1 + m.IntN(size)
				verifyBatch(b, whole[:n], messages[:n], sigs[:n], got[:n])
				verifyBatch(b, whole[n:], messages[n:], sigs[n:], got[n:])
				check("batch", b)
			}
			if some == 2 {
				for i, k := range compact {
					got[i] = k.verify(b, messages[i], sigs[i])
				}
				check("compact one by one", b)
			}
			if some == 3 {
				verifyBatch(b, mixed[:], messages[:], sigs[:], got[:])
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
	if done >= 10000 && (accepted < done/5 || accepted > done*4/5) {
		t.Errorf("%d of %d accepted: the mix is lopsided", accepted, done)
	}
	t.Logf("seed %d: %d cases, %d accepted, %v, backends %v", *generatedSeed, done, accepted, time.Since(start).Round(time.Second), backends)
}
