//go:build amd64 && !purego

package ifma

import "github.com/tollgate/tollgate/engine/ed25519/internal/field"

// Invert sets e to 1/a, or to 0 where a is 0. It does one inversion, not eight.
func Invert(e, a *field.Element) {
	words := a.Words()
	pairs := halvings(&words, &words)
	e.SetHalved(&words, pairs)
}
