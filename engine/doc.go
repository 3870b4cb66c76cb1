// Package engine verifies access tokens: bytes in, claims or an error out.
//
//	keys := keyset.New(keyset.HTTP("https://issuer.example/.well-known/jwks.json", nil), keyset.Options{})
//	go keys.Run(ctx)
//	e, err := engine.New(engine.Config{Issuers: []engine.Issuer{{
//		Name: "https://issuer.example", Audiences: []string{"orders"}, Keys: keys,
//	}}})
//	…
//	c, err := e.Verify(bearer)
//
// A token is read strictly (package jwt), checked against the keys of the issuer
// it names and of no other, under the algorithm that the key has and not the
// token, and then against the issuer's rules (package claims) and what has been
// revoked (package revocation). Claims that were found good are cached by the
// whole token, and every hit is checked again for all that can have changed:
// time, the key's being in the key set, revocation.
//
// The engine fetches nothing itself: key sets and revocations are handed in, and
// kept current by whoever runs them. It keeps no reference to the bytes it is
// given; the claims it returns own their memory, never change, and are shared.
// An Engine is safe for concurrent use.
package engine
