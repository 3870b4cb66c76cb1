//go:build amd64 && !purego

package ifma

import "github.com/tollgate/tollgate/engine/ed25519/internal/scalar"

// Scalars is eight scalars: word i of lane j is s[i][j].
type Scalars = [4][8]uint64

// SetScalar sets lane j of s.
func SetScalar(s *Scalars, j int, v *scalar.Scalar) {
	for i := range s {
		s[i][j] = v[i]
	}
}

// Digits8 returns the digits of each lane, as Accumulate takes them: 32 steps of
// eight lanes.
func Digits8(s *Scalars) (d [32][8]int8) {
	digits(&d, s)
	return d
}
