//go:build amd64 && !purego

package quad

import (
	"github.com/tollgate/tollgate/engine/ed25519/internal/field"
	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
)

// Vector is four field elements: limb i of lane j is v[i][j], of weight
// 2^ceil(25.5i).
type Vector = [10][4]uint64

// Point is four points, in the extended coordinates of point.Point.
type Point = [4]Vector

// The coordinates of a Point.
const (
	X = iota
	Y
	Z
	T
)

var ones = [4]uint64{1, 1, 1, 1}

// Identity returns four times the neutral element.
func Identity() Point { return Point{Y: {ones}, Z: {ones}} }

// Lane returns the element in lane j, tight, for limbs as the assembly leaves
// them.
func Lane(v *Vector, j int) (e field.Element) {
	for i := range e {
		e[i] = v[2*i][j] + v[2*i+1][j]<<26
	}
	return *e.Carry(&e)
}

// Mul sets r to a * b in each lane. Limbs of a must be below 2^28 + 2^20 and those
// of b below 3*2^26 + 2^19, odd ones below half of that.
func Mul(r, a, b *Vector) { mul(r, a, b) }

// Accumulate adds to the lanes of p the multiples of t's point that the digits
// name: their sum is what t.AddMultiple adds. There is a digit for each window
// of t, within what the windows hold.
func Accumulate(p *Point, t *point.Table, digits []int8) {
	accumulate(p, &t.Entries[0], &digits[0], len(digits)/4, t.Stride*entrySize)
}

// entrySize is the size of a point.Entry in bytes.
const entrySize = 3 * 4 * 8

// Sum sets every lane of p to the sum of all four.
func Sum(p *Point) { sum(p, &d2) }

// d2 is the curve constant 2d.
var d2 = func() (v Vector) {
	for i, limb := range point.D2 {
		for j := range 4 {
			v[2*i][j], v[2*i+1][j] = limb&(1<<26-1), limb>>26
		}
	}
	return v
}()
