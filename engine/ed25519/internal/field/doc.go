// Package field does arithmetic modulo p = 2^255 - 19 in portable Go.
//
// An [Element] is five limbs in radix 2^51, reachable by who needs them: the
// vector code reads and writes the same limbs, eight elements abreast.
//
// Everything here is variable time. It serves a verifier, which sees nothing
// that its adversary does not see too; nothing in it may touch a secret.
//
// Two bounds on limbs make most carries unnecessary:
//
//	tight  l < 2^51 + 2^18    what Mul, Square, Carry and SetBytes return
//	loose  l < 2^54           what Mul, Square, Carry and Bytes accept
//
// Add of two tight elements is below 2^52 + 2^19, Sub (which adds 2p) below
// 2^53; both are loose, and so is one more Add or Sub of a tight element.
// TestBounds holds the functions to this at the edges.
package field
