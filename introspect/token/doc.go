// Package token makes the tokens that the security service issues, and writes
// and reads what they say.
//
// An opaque access token is "tg_" and a version-4 UUID, a refresh token "tgr_"
// and 256 random bits; the prefixes let scanners find leaks. A transparent
// access token is a JWT with the claims of RFC 9068, section 2.2, and the sid
// and roles that this installation adds. What an opaque token says at the
// introspection endpoint (RFC 7662, section 2.2) is the same, so that a phantom
// token can be one inside and the other outside.
package token
