//go:build amd64 && !purego

package adx

import "github.com/tollgate/tollgate/engine/ed25519/internal/field"

// Invert sets e to 1/a, or to 0 where a is 0.
func Invert(e, a *field.Element) {
	words := a.Words()
	pairs := halvings(&words, &words)
	e.SetHalved(&words, pairs)
}
