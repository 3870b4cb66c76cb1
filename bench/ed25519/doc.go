// Command ed25519 compares engine/ed25519, each backend that the machine has,
// with crypto/ed25519 and the public verifiers: signatures of 400-byte messages
// under one key, or eight, interleaved, as one table. Ratios are of
// crypto/ed25519.Verify in the same process.
//
//	go run ./ed25519 -rounds 60 -out ../results/DATE-ed25519
package main
