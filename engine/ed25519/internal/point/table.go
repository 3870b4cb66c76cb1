package point

import "github.com/tollgate/tollgate/engine/ed25519/internal/field"

// Entry is the affine point (x, y) as an addition wants it, in canonical words:
// 96 bytes, so that an entry of a table that starts a cache line never touches
// more than two. The vector code relies on this order of fields.
type Entry struct{ YPlusX, YMinusX, T2D [4]uint64 }

// Table holds, for a point P and every window i of w bits, the multiples
//
//	0, 1, 2, ..., 2^(w-1)  times  2^(w*i) P,
//
// so that s*P is the sum of one entry a window, added or subtracted, for the
// signed digits of s. It never changes once built.
type Table struct {
	Entries []Entry
	Windows int // how many windows, 256/w
	Stride  int // entries a window, 2^(w-1) + 1
}

// NewTable returns the table of p for windows of w bits, where w divides 256.
func NewTable(p *Point, w int) *Table {
	t := &Table{Windows: 256 / w, Stride: 1<<(w-1) + 1}
	multiples := make([]Point, 0, t.Windows*t.Stride)
	first := *p
	for range t.Windows {
		m := Identity()
		multiples = append(multiples, m)
		for range t.Stride - 1 {
			m.Add(&m, &first)
			multiples = append(multiples, m)
		}
		first.Double(&m) // 2 * 2^(w-1) = 2^w
	}
	t.Entries = entries(multiples)
	return t
}

// entries brings points to affine form with a single inversion (Montgomery's
// trick). It uses up the points: their T holds the products on the way.
func entries(points []Point) []Entry {
	product := field.One
	for i := range points {
		points[i].T = product // of all Z before this one
		product.Mul(&product, &points[i].Z)
	}
	var inverse field.Element // of the product of all Z up to this one
	inverse.Invert(&product)

	list := make([]Entry, len(points))
	for i := len(points) - 1; i >= 0; i-- {
		p := &points[i]
		var z, x, y, t field.Element
		z.Mul(&inverse, &p.T)
		inverse.Mul(&inverse, &p.Z)
		x.Mul(&p.X, &z)
		y.Mul(&p.Y, &z)
		list[i].YPlusX = t.Add(&y, &x).Words()
		list[i].YMinusX = t.Sub(&y, &x).Words()
		list[i].T2D = t.Mul(t.Mul(&x, &y), &D2).Words()
	}
	return list
}

// AddMultiple sets p to p + s*P for the digits d of s, one a window, each
// within what the windows hold.
func (t *Table) AddMultiple(p *Point, d []int8) {
	entries := t.Entries
	for _, digit := range d {
		switch {
		case digit > 0:
			p.AddEntry(p, &entries[int(digit)], false)
		case digit < 0:
			p.AddEntry(p, &entries[-int(digit)], true)
		}
		entries = entries[t.Stride:]
	}
}
