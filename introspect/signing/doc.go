// Package signing keeps the Ed25519 keys with which the security service signs
// tokens, and decides which of them signs, which are published, and which no
// longer count.
//
// A key is a JWK file of its own (RFC 8037, private part included, mode 0600),
// an entry of a JWK set in an environment variable, or a sealed record in the
// store that several services share. Its life is written in
// it: it is published from the day it is made, signs from its nbf until the nbf
// of the next key, stays published for as long as a token it signed may live,
// and is dead at once when it is retired. The state of a ring at a given second
// is therefore a plain function of its keys and that second.
//
// Private parts leave this package in no form but signatures, sealed records, and
// what Export returns to the operator.
package signing
