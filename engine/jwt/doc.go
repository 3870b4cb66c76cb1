// Package jwt turns the bytes of an access token into a Token and its payload
// into claims, and the other way round for whoever signs. It accepts compact
// JWS only (RFC 7515, section 3.1) and one JSON: every rule that leaves two
// parsers room to disagree is refused, see [Validate].
//
// The usual call is
//
//	token, err := jwt.Parse(bearer)
//	…verify token.Signature over token.Signed under the key token.KeyID names…
//	c, err := token.Claims(nil)
//
// The package verifies nothing, looks no key up, knows no time and caches
// nothing but the headers of [Headers]: package engine does. What it returns
// before a signature was verified is what a stranger wrote.
//
// A Token's Signed is a slice of the bytes that were parsed; Payload and
// Signature are the Token's own memory, which the next Parse into the same
// Token overwrites. Claims own theirs. A Token serves one goroutine at a time.
package jwt
