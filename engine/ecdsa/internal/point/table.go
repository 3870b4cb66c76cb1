package point

import "github.com/tollgate/tollgate/engine/ecdsa/internal/field"

// Entry is x and y of an affine point, each as the words of a field.Element. It
// has 64 bytes, so that every entry of a table is one line of the cache.
type Entry = [2][4]uint64

// Table holds, for a point P and every window i of w bits, the multiples
//
//	1, 3, 5, ..., 2^w - 1  times  2^(w*i) P,
//
// so that s*P is the sum of one entry a window, added or subtracted, for the digits
// of s. It never changes once built.
type Table struct {
	Entries []Entry
	Windows int // how many windows, 256/w
	Stride  int // entries a window, 2^(w-1)
}

// NewTable returns the table of a for windows of w bits, where w divides 256.
//
// All 2^k P are doubled one from the other and made affine together. From the
// first m multiples of a window, 1 to 2m-1, adding 2m makes the next m; the
// additions of one such step in all windows share one inversion.
// No addition meets an exception: all multiples within a window are different and
// not opposite modulo n, which is odd and no difference of two multiples of
// 2^(w*i) below 2^256.
func NewTable(a *Affine, w int) *Table {
	t := &Table{Windows: 256 / w, Stride: 1 << (w - 1)}
	t.Entries = make([]Entry, t.Windows*t.Stride)
	powers := powersOfTwo(a)
	for i := range t.Windows {
		t.Entries[i*t.Stride] = powers[i*w].entry()
	}
	products := make([]field.Element, t.Windows*t.Stride/2)
	for l := range w - 1 {
		m := 1 << l
		// The products of all differences before each.
		product := field.One
		var d field.Element
		n := 0
		for i := range t.Windows {
			step := &powers[i*w+l+1].X
			for _, e := range t.Entries[i*t.Stride:][:m] {
				products[n] = product
				product.Mul(&product, d.Sub(step, (*field.Element)(&e[0])))
				n++
			}
		}
		product.Invert(&product) // of all differences up to this one
		for i := t.Windows - 1; i >= 0; i-- {
			window := t.Entries[i*t.Stride:][:2*m]
			step := &powers[i*w+l+1]
			for j := m - 1; j >= 0; j-- {
				n--
				x, y := (*field.Element)(&window[j][0]), (*field.Element)(&window[j][1])
				var slope, sum field.Element
				slope.Mul(&product, &products[n])
				product.Mul(&product, d.Sub(&step.X, x))
				slope.Mul(&slope, d.Sub(&step.Y, y))
				sum.Sub(sum.Sub(sum.Square(&slope), &step.X), x)
				slope.Mul(&slope, d.Sub(x, &sum))
				slope.Sub(&slope, y)
				window[m+j] = Entry{sum, slope}
			}
		}
	}
	return t
}

// powersOfTwo returns 2^k a for every k below 256.
func powersOfTwo(a *Affine) *[256]Affine {
	var list [256]Point
	var affine [256]Affine
	var products [256]field.Element
	product := field.One
	list[0].SetAffine(a)
	for k := range list {
		if k > 0 {
			list[k] = list[k-1]
			list[k].Double()
		}
		products[k] = product
		product.Mul(&product, &list[k].ZZZ)
	}
	product.Invert(&product)
	for k := len(list) - 1; k >= 0; k-- {
		p := &list[k]
		var inverse, z field.Element
		inverse.Mul(&product, &products[k]) // 1/ZZZ
		product.Mul(&product, &p.ZZZ)
		z.Square(z.Mul(&p.ZZ, &inverse)) // 1/ZZ: ZZ/ZZZ squared is ZZ^2/ZZ^3
		affine[k].X.Mul(&p.X, &z)
		affine[k].Y.Mul(&p.Y, &inverse)
	}
	return &affine
}

func (a *Affine) entry() Entry { return Entry{a.X, a.Y} }

// Entry returns the entry of window i that the digit c names, and all ones where
// it is to be subtracted: 2c+1 is negative for a negative c, and -(2(-1-c)+1).
func (t *Table) entry(i int, c int8) (e *Entry, negative uint64) {
	sign := c >> 7
	return &t.Entries[i*t.Stride+int(c^sign)], uint64(int64(sign))
}

// set sets a to the entry, or to its opposite.
func (a *Affine) set(e *Entry, negative uint64) {
	a.X = e[0]
	var minus field.Element
	minus.Neg((*field.Element)(&e[1]))
	for i := range minus {
		a.Y[i] = e[1][i] ^ (e[1][i]^minus[i])&negative
	}
}

// AddMultiple sets p to p + s*P for the digits c of s, one a window, with the
// exceptions of AddAffine. Where start is set, it sets p to s*P.
func (t *Table) AddMultiple(p *Point, c []int8, start bool) {
	t.Touch(c)
	var a Affine
	for i, digit := range c {
		// No branch on the sign, which is a coin toss.
		e, negative := t.entry(i, digit)
		a.set(e, negative)
		if i == 0 && start {
			p.SetAffine(&a)
			continue
		}
		p.AddAffine(&a)
	}
}

// AddMultipleExactly sets p to p + s*P in every case, the point at infinity
// included, which has ZZ = 0.
func (t *Table) AddMultipleExactly(p *Point, c []int8) {
	var a Affine
	for i, digit := range c {
		e, negative := t.entry(i, digit)
		a.set(e, negative)
		p.AddExactly(&a)
	}
}

// Touch reads every entry that the digits name. The misses of a table that is far
// away overlap then; one addition is too long for the processor to look ahead to
// the entry of the next. The result, of no use, keeps the compiler from leaving
// the reads away.
//
//go:noinline
func (t *Table) Touch(c []int8) (sum uint64) {
	for i, digit := range c {
		e, _ := t.entry(i, digit)
		sum += e[0][0]
	}
	return sum
}
