// Package ecdsa verifies ECDSA signatures under keys that are used again and
// again, as fast as the machine allows, with exactly the verdicts of
// crypto/ecdsa.Verify on r ‖ s, the form of a JWS (RFC 7518, Section 3.4).
//
//	key, err := ecdsa.NewPublicKey(public) // once, less than a millisecond
//	...
//	digest := sha256.Sum256(message)
//	if !key.Verify(digest[:], sig) { ... }
//
// A key of P-256 is precomputed: [NewPublicKey] builds a table of its multiples,
// and verification is 63 point additions with no doubling. [NewCompactPublicKey]
// builds a smaller table for services with thousands of keys. [VerifyBatch]
// verifies many signatures at once, each with a verdict of its own. Keys of P-384
// and P-521 are verified by crypto/ecdsa.
//
// # What is accepted
//
// r and s have the full length of the group order each, 32 bytes for P-256, and
// are at least 1 and below the order; a signature of another length is refused.
// Of the digest the leftmost bits count that the order has (FIPS 186-5, Section
// 6.4.2), of a shorter one all. The twin (r, n-s) of a signature holds, as it does
// in crypto/ecdsa.
//
// # Backends
//
// [Backend] names the code that runs, chosen once at start from what the
// processor can do. The environment variable TOLLGATE_ECDSA forces one by its
// name; a backend that the processor lacks, or a name that does not exist, is
// not obeyed, and Backend tells which was taken. Every backend works on the
// same tables. The build tag purego leaves the assembly out.
//
// # What it does not do
//
// It neither signs nor makes keys, and never sees a secret: it is variable time
// throughout, on data that is public.
//
// A PublicKey never changes and is safe for concurrent use. No function keeps a
// slice that it is given. Verification under a key of P-256 allocates nothing.
package ecdsa
