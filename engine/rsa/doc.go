// Package rsa verifies RSA signatures (RFC 8017), PKCS #1 v1.5 and PSS, faster
// than crypto/rsa where a gateway spends its time: many signatures under few
// keys of 2048, 3072 or 4096 bits with the exponent 65537. The verdict is
// crypto/rsa's, bit for bit.
//
// A signature, a key and a message are public, so the code takes variable time,
// and a key keeps what can be computed once: -1/N mod R and R² mod N. What the
// assembly does not know (another size or exponent, another processor, the build
// tag purego) crypto/rsa does.
//
// How s^65537 mod N is computed: s*R mod N by one Montgomery multiplication with
// R² mod N, 16 squarings, and a last multiplication by s itself, which leaves the
// Montgomery domain for free. Each multiplication is three products in limbs of
// 52 bits, T = x*y, M = T*N' mod R and the upper half of M*N, with no chain of
// quotient digits between them; docs/signatures.md has the bounds.
//
// A PublicKey is safe for concurrent use.
package rsa
