package point

import "github.com/tollgate/tollgate/engine/ed25519/internal/field"

// Entry is the affine point (x, y) as an addition wants it: y+x, y-x and 2dxy,
// in canonical words. y+x and y-x trade places in -(x, y). It has 96 bytes, so
// that an entry of a table that starts a cache line never touches more than two.
// The vector code relies on this order.
type Entry = [3][4]uint64

// The parts of an Entry.
const (
	yPlusX = iota
	yMinusX
	t2D
)

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
// Each window is brought to affine form by one inversion for all its entries:
// they are a sixteenth of the work for 8 bits, and one for the whole table would
// need all its points at once in another 640 KiB.
func NewTable(p *Point, w int) *Table {
	t := &Table{Windows: 256 / w, Stride: 1<<(w-1) + 1}
	t.Entries = make([]Entry, t.Windows*t.Stride)
	multiples := make([]Point, t.Stride)
	var space workspace
	first := *p
	for i := range t.Windows {
		window := t.Entries[i*t.Stride:][:t.Stride]
		multiples[0], multiples[1] = Identity(), first
		affine(window[1:2], multiples[1:2])
		multiples[1] = first
		for j := 2; j < t.Stride; j++ {
			multiples[j].addEntry(&space, &multiples[j-1], &window[1], 0)
		}
		first.Double(&multiples[t.Stride-1]) // 2 * 2^(w-1) = 2^w
		affine(window, multiples)
	}
	return t
}

// affine sets entries to points with a single inversion (Montgomery's trick).
// It uses up the points: their T holds the products on the way.
func affine(entries []Entry, points []Point) {
	product := field.One
	for i := range points {
		points[i].T = product // of all Z before this one
		product.Mul(&product, &points[i].Z)
	}
	var inverse field.Element // of the product of all Z up to this one
	inverse.Invert(&product)

	for i := len(points) - 1; i >= 0; i-- {
		p := &points[i]
		var z, x, y, t field.Element
		z.Mul(&inverse, &p.T)
		inverse.Mul(&inverse, &p.Z)
		x.Mul(&p.X, &z)
		y.Mul(&p.Y, &z)
		entries[i][yPlusX] = t.Add(&y, &x).Words()
		entries[i][yMinusX] = t.Sub(&y, &x).Words()
		entries[i][t2D] = t.Mul(t.Mul(&x, &y), &D2).Words()
	}
}

// AddMultiple sets p to p + s*P for the digits d of s, one a window, each
// within what the windows hold.
func (t *Table) AddMultiple(p *Point, d []int8) {
	t.Touch(d)
	var w workspace
	entries := t.Entries
	for _, digit := range d {
		// No branch on the sign, which is a coin toss, and none on 0, which is
		// rare and has an entry.
		p.addEntry(&w, p, &entries[magnitude(digit)], uint(digit>>7)&1)
		entries = entries[t.Stride:]
	}
}

func magnitude(digit int8) uint8 {
	sign := digit >> 7
	return uint8((digit ^ sign) - sign)
}

// Touch reads both cache lines of every entry that the digits name. The misses
// of a table that is far away overlap then; one addition is too long for the
// processor to look ahead to the entry of the next. The result, of no use, keeps
// the compiler from leaving the reads away.
//
//go:noinline
func (t *Table) Touch(d []int8) (sum uint64) {
	entries := t.Entries
	for _, digit := range d {
		e := &entries[magnitude(digit)]
		sum += e[yPlusX][0] + e[t2D][3]
		entries = entries[t.Stride:]
	}
	return sum
}
