// Package field does arithmetic modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1, the
// prime of P-256 (FIPS 186-5; SP 800-186, Section 3.2.1.3), in portable Go.
//
// An [Element] is four words and holds x*2^256 modulo p for the number x
// (Montgomery's form), always below p. The tables that all backends share hold
// these words.
//
// Everything here is variable time. It serves a verifier, which sees nothing
// that its adversary does not see too; nothing in it may touch a secret.
package field
