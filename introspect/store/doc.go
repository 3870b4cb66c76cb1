// Package store states what the security service keeps and what each way of
// keeping it must promise. Packages memory, pebble and redis keep it; package
// storetest holds all of them to this contract:
//
//   - What a call acknowledged by returning nil is durable to the degree that
//     the store documents, and seen by every later call of every instance.
//   - Tokens and client secrets are known here by their SHA-256 digests alone.
//   - A revocation is one entry of an ordered feed. Once Revoke has returned,
//     nothing that it names is ever found again, by whichever method.
//   - Expired records are not found, swept or not.
//   - A store that cannot tell answers with an error, never with a guess.
//
// Times are whole seconds since the Unix epoch and are passed in. A record is
// alive while now < Expires.
package store
