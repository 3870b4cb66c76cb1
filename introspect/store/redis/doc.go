// Package redis keeps everything in a Redis (6.2 or later) or Valkey server, so
// that several instances of the service can work on one store.
//
// Nothing is answered from memory that decides about a token: every look-up
// asks the server, and a script there checks the token's revocations in the
// same step, so that what one instance has revoked is dead for all of them at
// once. Clients' accounts alone are remembered, for a second. The feed is a
// Stream which each instance reads from its own last entry on, and hands to
// those who follow it; when it cannot be read, they are told so.
//
// What is acknowledged is as durable as the server makes it. With appendonly
// yes and appendfsync always that is on disk. With appendfsync everysec, the
// server's default, a crash of the server may take back its last second, and a
// failover to a replica what the replica had not received: tokens issued in
// that time are unknown afterwards, and revocations made in it undone. A server
// that evicts keys would forget revocations when memory runs short, so any
// maxmemory-policy but noeviction is refused when the store is opened.
//
// All keys share one hash tag, so the scripts run on a cluster too, on the one
// node that has the tag's slot.
package redis
