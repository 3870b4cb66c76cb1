// Command signatures compares engine/ecdsa, each backend that the machine has,
// with crypto/ecdsa, and engine/rsa with crypto/rsa: signatures of 32-byte
// digests under one key, or eight, interleaved, as one table. Ratios are to the standard library in the same
// process and the same rounds. bench/ed25519 is the same for Ed25519.
//
//	go run ./signatures -rounds 60 -out ../results/DATE-signatures
package main
