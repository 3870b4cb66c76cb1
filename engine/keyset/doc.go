// Package keyset holds the public keys of one issuer: it reads JWK sets (RFC
// 7517), refuses the entries that are unsafe, and keeps the set current from a
// file or a URL.
//
//	keys := keyset.New(keyset.HTTP("https://issuer.example/jwks.json", nil), keyset.Options{})
//	go keys.Run(ctx)
//	key := keys.Snapshot().Key(kid)
//
// What verifies takes a Snapshot, which never changes; the KeySet swaps it for
// the next one atomically. A key that stays in the set stays the same *Key, so
// that its precomputed tables are built once and a cache can tell by the pointer
// that the key it trusted is still there.
//
// Everything here is safe for concurrent use. A Key never comes from a token:
// jku, jwk, x5u and x5c of a token's header are nobody's business here.
package keyset
