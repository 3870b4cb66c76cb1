// Package redis keeps everything in Redis (6.2 or later) or Valkey, so that several
// instances of the service can work on one store: in one server, in the master that
// sentinels name, or in a cluster.
//
// Nothing is answered from memory that decides about a token: every look-up
// asks the server, and what has been revoked is read in the same step or after the
// token, so that what one instance has revoked is dead for all of them at
// once. Clients' accounts alone are remembered, for a second. The feed is a
// stream, which each instance reads from its own last entry on, and hands to
// those who follow it; when it cannot be read, they are told so.
//
// What is acknowledged is as durable as the servers make it. With appendonly
// yes and appendfsync always that is on disk. With appendfsync everysec, the
// server's default, a crash of the server may take back its last second, and a
// failover to a replica what the replica had not received: tokens issued and
// sessions begun or refreshed in that time are as they were before it. Revocations
// made in it are made again by every instance that had read them from the feed, which
// takes milliseconds, so they are lost only if all instances are lost with the server.
// A server that evicts keys would forget revocations when memory runs short, so any
// maxmemory-policy but noeviction is refused; of one that writes no append-only file
// the log warns. Marks of revocations expire by the server's clock, five minutes
// late for the case that it is ahead.
//
// On a single server all keys have one hash tag. On a cluster they are divided into
// sixteen shards with a hash tag each: what has to change in one step is in one
// shard, and the feed is a stream a shard, with a cursor that has a number for each.
package redis
