// Package account checks who logs in: names, passwords against their hashes,
// how many hashes run at once, and how often somebody may try.
//
// People's passwords are hashed with argon2id (RFC 9106). Programs have random
// secrets of 256 bits instead, of which a SHA-256 is kept: no guessing meets a
// slow hash there, and checking one costs a service less than a microsecond.
package account
