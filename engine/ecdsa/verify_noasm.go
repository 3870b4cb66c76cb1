//go:build !amd64 || purego

package ecdsa

import "github.com/tollgate/tollgate/engine/ecdsa/internal/scalar"

func detect() []backend { return []backend{generic} }

func (k *PublicKey) eightLanes(r, s *scalar.Scalar, digest []byte) bool {
	panic("BUG: there is no assembly here")
}

func batchOfLanes([]*PublicKey, [][]byte, [][]byte, []bool) {
	panic("BUG: there is no assembly here")
}
