package point

import (
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"filippo.io/edwards25519"

	"github.com/tollgate/tollgate/engine/ed25519/internal/scalar"
)

// torsion are the canonical encodings of the eight points of small order.
var torsion = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
}

func fromHex(t testing.TB, s string) (b [32]byte) {
	t.Helper()
	if n, err := hex.Decode(b[:], []byte(s)); n != 32 || err != nil {
		t.Fatalf("%q is not 32 bytes of hex", s)
	}
	return b
}

// points returns random points, each also with a torsion component, beside
// the eight of small order, in both libraries.
func points(t testing.TB, n int) (ours []Point, theirs []*edwards25519.Point) {
	t.Helper()
	add := func(q *edwards25519.Point) {
		var p Point
		if !p.SetBytes((*[32]byte)(q.Bytes())) {
			t.Fatalf("SetBytes(%x) fails", q.Bytes())
		}
		ours, theirs = append(ours, p), append(theirs, q)
	}
	r := rand.New(rand.NewPCG(7, 8))
	for _, s := range torsion {
		b := fromHex(t, s)
		low, err := new(edwards25519.Point).SetBytes(b[:])
		if err != nil {
			t.Fatal(err)
		}
		add(low)
		for range n {
			var seed [64]byte
			for i := range seed {
				seed[i] = byte(r.Uint32())
			}
			k, err := new(edwards25519.Scalar).SetUniformBytes(seed[:])
			if err != nil {
				t.Fatal(err)
			}
			q := new(edwards25519.Point).ScalarBaseMult(k)
			add(q.Add(q, low))
		}
	}
	return ours, theirs
}

// Decoding accepts what filippo.io/edwards25519 does, and encodes back to the
// same point, on encodings near 0, near p, near 2^255 and anywhere.
func TestDecode(t *testing.T) {
	accepted, refused := 0, 0
	f := func(b [32]byte) {
		t.Helper()
		want, err := new(edwards25519.Point).SetBytes(b[:])
		var p Point
		if got := p.SetBytes(&b); got != (err == nil) {
			t.Fatalf("SetBytes(%x) is %v, want %v", b, got, err)
		}
		if err != nil {
			refused++
			return
		}
		accepted++
		if got := p.Bytes(); got != [32]byte(want.Bytes()) {
			t.Fatalf("%x decodes to %x, want %x", b, got, want.Bytes())
		}
	}
	r := rand.New(rand.NewPCG(9, 10))
	for _, sign := range []byte{0, 128} {
		for i := range 256 {
			low := [32]byte{byte(i), 31: sign}
			high := fromHex(t, "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
			high[0] = byte(i)
			high[31] |= sign
			f(low)
			f(high)
		}
	}
	for range 2000 {
		var b [32]byte
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f(b)
	}
	if accepted < 500 || refused < 500 {
		t.Fatalf("%d accepted, %d refused: the test proves little", accepted, refused)
	}
}

// Sums, doubles and negations agree with filippo.io/edwards25519 on every pair
// of points, those of small and mixed order and equal ones included.
func TestAdd(t *testing.T) {
	ours, theirs := points(t, 2)
	for i := range ours {
		for j := range ours {
			var sum Point
			sum.Add(&ours[i], &ours[j])
			want := new(edwards25519.Point).Add(theirs[i], theirs[j])
			if sum.Bytes() != [32]byte(want.Bytes()) {
				t.Fatalf("%d + %d is %x, want %x", i, j, sum.Bytes(), want.Bytes())
			}
			aliased := ours[i]
			if aliased.Add(&aliased, &ours[j]); aliased != sum {
				t.Fatalf("%d + %d differs in place", i, j)
			}
		}
		var neg Point
		if want := new(edwards25519.Point).Negate(theirs[i]); neg.Neg(&ours[i]).Bytes() != [32]byte(want.Bytes()) {
			t.Fatalf("-%d is %x, want %x", i, neg.Bytes(), want.Bytes())
		}
		if neg.Add(&neg, &ours[i]); !neg.IsIdentity() {
			t.Fatalf("%d - %d is not the identity", i, i)
		}
	}
}

// Exactly the eight points of torsion are of small order.
func TestIsSmallOrder(t *testing.T) {
	ours, _ := points(t, 3)
	for i := range ours {
		if got, want := ours[i].IsSmallOrder(), i%4 == 0; got != want {
			t.Errorf("IsSmallOrder of %x is %v, want %v", ours[i].Bytes(), got, want)
		}
	}
}

// The base point is the one of RFC 8032.
func TestBase(t *testing.T) {
	b := Base()
	if got := b.Bytes(); got != [32]byte(edwards25519.NewGeneratorPoint().Bytes()) {
		t.Errorf("the base point is %x", got)
	}
}

// A multiplication by table agrees with filippo.io/edwards25519, for both
// windows and for points with a torsion component.
func TestAddMultiple(t *testing.T) {
	ours, theirs := points(t, 1)
	r := rand.New(rand.NewPCG(11, 12))
	for i := range ours {
		t8, t4 := NewTable(&ours[i], 8), NewTable(&ours[i], 4)
		for range 20 {
			var seed [64]byte
			for i := range seed {
				seed[i] = byte(r.Uint32())
			}
			k, err := new(edwards25519.Scalar).SetUniformBytes(seed[:])
			if err != nil {
				t.Fatal(err)
			}
			// k*P by double and add: ScalarMult need not hold for P of mixed order,
			// where k counts modulo 8L.
			want := edwards25519.NewIdentityPoint()
			for bit := 255; bit >= 0; bit-- {
				want.Add(want, want)
				if k.Bytes()[bit/8]>>(bit%8)&1 == 1 {
					want.Add(want, theirs[i])
				}
			}
			var s scalar.Scalar
			s.SetWide(&seed)
			d8, d4 := s.Digits8(), s.Digits4()
			p, q := Identity(), Identity()
			t8.AddMultiple(&p, d8[:])
			t4.AddMultiple(&q, d4[:])
			if p.Bytes() != [32]byte(want.Bytes()) || q.Bytes() != p.Bytes() {
				t.Fatalf("%x * %x is %x (8 bits) and %x (4 bits), want %x", seed, ours[i].Bytes(), p.Bytes(), q.Bytes(), want.Bytes())
			}
		}
	}
}

// Every entry of a table is the multiple that its place says, in canonical
// words.
func TestTable(t *testing.T) {
	ours, theirs := points(t, 1)
	table, first := NewTable(&ours[1], 8), theirs[1]
	if len(table.Entries) != table.Windows*table.Stride {
		t.Fatalf("%d entries, want %d", len(table.Entries), table.Windows*table.Stride)
	}
	for i := range table.Windows {
		want := edwards25519.NewIdentityPoint()
		for j := range table.Stride {
			for negative := range uint(2) {
				p := Identity()
				p.addEntry(new(workspace), &p, &table.Entries[i*table.Stride+j], negative)
				w := new(edwards25519.Point).Set(want)
				if negative == 1 {
					w.Negate(w)
				}
				if p.Bytes() != [32]byte(w.Bytes()) {
					t.Fatalf("entry %d of window %d, negative %d, is %x, want %x", j, i, negative, p.Bytes(), w.Bytes())
				}
			}
			want.Add(want, first)
		}
		for range 8 {
			first = new(edwards25519.Point).Add(first, first)
		}
	}
}
