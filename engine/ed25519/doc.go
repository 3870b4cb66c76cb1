// Package ed25519 verifies Ed25519 signatures under keys that are used again
// and again, as fast as the machine allows, with exactly the verdicts of
// crypto/ed25519.Verify.
//
//	key, err := ed25519.NewPublicKey(raw) // once, some hundred microseconds
//	...
//	if !key.Verify(message, sig) { ... }
//
// A key is precomputed: [NewPublicKey] builds a table of its multiples, and
// verification is 64 point additions with no doubling. [NewCompactPublicKey]
// builds a smaller table for services with thousands of keys. [VerifyBatch]
// verifies many signatures at once, each with a verdict of its own.
//
// # What is accepted
//
// The equation is the one without the cofactor, and the answer is that of
// crypto/ed25519 for every input: S must be below the group order; the key may
// encode y as p or more, and a point of small order; the encoding of
// [S]B - [k]A must equal R byte for byte. A caller that wants stricter keys
// asks [PublicKey.IsCanonical] and [PublicKey.IsSmallOrder]. Keys longer or
// shorter than 32 bytes are an error of NewPublicKey, never a panic.
//
// # Backends
//
// [Backend] names the code that runs, chosen once at start from what the
// processor can do. The environment variable TOLLGATE_ED25519 forces one by its
// name; a backend that the processor lacks, or a name that does not exist, is
// not obeyed, and Backend tells which was taken. Every backend works on the
// same tables. The build tag purego leaves the assembly out.
//
// # What it does not do
//
// It neither signs nor makes keys, and never sees a secret: it is variable time
// throughout, on data that is public. It has no Ed25519ph and no contexts.
//
// A PublicKey never changes and is safe for concurrent use. No function keeps
// a slice that it is given, and none allocates but NewPublicKey and
// NewCompactPublicKey.
package ed25519
