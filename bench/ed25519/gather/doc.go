// Command gather asks whether a server gains by verifying signatures that wait
// at the same moment as one batch. Goroutines stand for requests: each works for
// a while, as a gateway does around its verification, then verifies, over and
// over. It prints what a request takes with verification on the spot and with
// two ways to gather, for more and more requests at once, interleaved.
//
//	go run ./ed25519/gather -rounds 40
package main
