//go:build amd64 && !purego

package ifma

import (
	"github.com/tollgate/tollgate/engine/ecdsa/internal/field"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/point"
)

// Vector is eight numbers modulo p: limb i of lane j, of 52 bits, is v[i][j]. It
// need not be below p.
type Vector = [5][8]uint64

// Lane returns the number in lane j modulo p, as the words of an Element.
func Lane(v *Vector, j int) (e field.Element) {
	e.SetLimbs(&[5]uint64{v[0][j], v[1][j], v[2][j], v[3][j], v[4][j]})
	return e
}

// Point is eight points in the coordinates of point.Point.
type Point = [4]Vector

// The coordinates of a Point.
const (
	X = iota
	Y
	ZZ
	ZZZ
)

// sixteen is 16*2^260 modulo p, in limbs, and sixteenth 2^256 in every lane.
var sixteen, sixteenth = func() (limbs [5]uint64, v Vector) {
	e := field.One
	for i, l := range e.Limbs() {
		for j := range v[i] {
			v[i][j] = l
		}
	}
	for range 8 {
		e.Add(&e, &e)
	}
	return e.Limbs(), v
}()

// Mul sets r to a * b / 2^260 in each lane. Limbs of a and b must be below 2^52.
func Mul(r, a, b *Vector) { mul(r, a, b) }

// Start sets p, in each lane, to the multiple that the digit names in its window.
// Until Finish, p is only for Accumulate.
func Start(p *Point, windows *[8]*point.Entry, digits *[8]int8) {
	start(p, windows, digits, &sixteen)
}

// Accumulate adds to p, in each lane, the multiples that digits names, a step
// after the other and at least one. The first step uses the windows given, each
// next one those that lie stride entries further. The caller sees to it that
// the windows are there and hold what the digits name. Where it meets equal or
// opposite points in a lane, ZZ of that lane is 0 from then on.
func Accumulate(p *Point, windows *[8]*point.Entry, digits [][8]int8, stride int) {
	accumulate(p, windows, &digits[0], len(digits), stride*entrySize)
}

// Prefetch brings into the cache what Start and Accumulate will read, given the
// same.
func Prefetch(windows *[8]*point.Entry, digits [][8]int8, stride int) {
	prefetch(windows, &digits[0], len(digits), stride*entrySize)
}

// entrySize is the size of a point.Entry in bytes.
const entrySize = 2 * 4 * 8

// Finish is for after the last Accumulate: p is what its coordinates say.
func Finish(p *Point) {
	mul(&p[ZZ], &p[ZZ], &sixteenth)
	mul(&p[ZZZ], &p[ZZZ], &sixteenth)
}

// Sum sets every lane of p, which is finished, to the sum of all eight, with the
// exceptions of Accumulate.
func Sum(p *Point) { sum(p) }
