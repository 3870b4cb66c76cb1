//go:build !amd64 || purego

package ed25519

import "github.com/tollgate/tollgate/engine/ed25519/internal/scalar"

func detect() []backend { return []backend{generic} }

func (k *PublicKey) fourLanes(*scalar.Scalar, []byte, []byte) bool {
	panic("BUG: there is no assembly here")
}

func (k *PublicKey) eightLanes(*scalar.Scalar, []byte, []byte) bool {
	panic("BUG: there is no assembly here")
}

func batchOfLanes([]*PublicKey, [][]byte, [][]byte, []bool) {
	panic("BUG: there is no assembly here")
}
