//go:build amd64 && !purego

package ifma

import (
	"github.com/tollgate/tollgate/engine/ed25519/internal/field"
	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
)

// Vector is eight field elements: limb i of lane j is v[i][j].
type Vector = [5][8]uint64

// Lane returns the element in lane j.
func Lane(v *Vector, j int) field.Element {
	return field.Element{v[0][j], v[1][j], v[2][j], v[3][j], v[4][j]}
}

// SetLane sets lane j of v.
func SetLane(v *Vector, j int, e *field.Element) {
	for i := range v {
		v[i][j] = e[i]
	}
}

// Point is eight points, in the extended coordinates of point.Point but with
// Y-X and Y+X for X and Y, since those are what an addition wants.
type Point = [4]Vector

// The coordinates of a Point.
const (
	YMinusX = iota
	YPlusX
	Z
	T
)

var ones = [8]uint64{1, 1, 1, 1, 1, 1, 1, 1}

// Identity returns eight times the neutral element.
func Identity() Point {
	return Point{YMinusX: {ones}, YPlusX: {ones}, Z: {ones}}
}

// Mul sets r to a * b in each lane. Limbs of a and b must be below 2^52.
func Mul(r, a, b *Vector) { mul(r, a, b) }

// Accumulate adds to p, in each lane, the multiples that digits names, a step
// after the other and at least one. The first step uses the windows given, each
// next one those that lie stride entries further. The caller sees to it that
// the windows are there and hold what the digits name.
func Accumulate(p *Point, windows *[8]*point.Entry, digits [][8]int8, stride int) {
	accumulate(p, windows, &digits[0], len(digits), stride*entrySize)
}

// Prefetch brings into the cache what Accumulate will read, given the same.
func Prefetch(windows *[8]*point.Entry, digits [][8]int8, stride int) {
	prefetch(windows, &digits[0], len(digits), stride*entrySize)
}

// entrySize is the size of a point.Entry in bytes.
const entrySize = 3 * 4 * 8

// Sum sets every lane of p to the sum of all eight.
func Sum(p *Point) { sum(p, (*[5]uint64)(&point.D2)) }
