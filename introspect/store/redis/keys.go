package redis

import (
	"encoding/hex"
	"hash/fnv"
	"strconv"

	"github.com/tollgate/tollgate/introspect/store"
)

// clusterShards is how many shards the keys of a store on a cluster are divided
// into. It can never change: what is stored would not be found any more.
const clusterShards = 16

// keys makes the names of keys. The keys of a shard have one hash tag and so are in
// one slot of a cluster; on a single server everything is in one shard. What has to
// change together is in one shard: a session, its revocation and the feed of that.
type keys struct {
	prefix string
	shards int
}

// in begins the keys of a shard.
func (k keys) in(shard int) string {
	if k.shards == 1 {
		return "{" + k.prefix + "}:"
	}
	return "{" + k.prefix + "." + strconv.Itoa(shard) + "}:"
}

// shard is the shard of what has a name.
func (k keys) shard(name string) int {
	if k.shards == 1 {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	return int(h.Sum32() % uint32(k.shards))
}

func (k keys) of(name string) string { return k.in(k.shard(name)) }

func (k keys) ofDigest(d store.Digest) string { return k.of(string(d[:])) }

// Accounts are few, and listed together.
func (k keys) users() string   { return "{" + k.prefix + "}:users" }   // hash: id -> JSON
func (k keys) clients() string { return "{" + k.prefix + "}:clients" } // hash: id -> JSON

func (k keys) feed(shard int) string  { return k.in(shard) + "feed" } // stream of events
func (k keys) epoch(shard int) string { return k.in(shard) + "epoch" }
func (k keys) ready(shard int) string { return k.in(shard) + "ready" } // written to see whether writing works

// access holds a token record until the token expires.
func (k keys) access(d store.Digest) string {
	return k.ofDigest(d) + "t:" + hex.EncodeToString(d[:])
}

// refresh holds the expiry of a refresh token and its sid, until then.
func (k keys) refresh(d store.Digest) string {
	return k.ofDigest(d) + "r:" + hex.EncodeToString(d[:])
}

// session holds a session record until its refresh token expires.
func (k keys) session(id string) string { return k.of(id) + "s:" + id }

// revoked is there while something named id is revoked; it holds the time up
// to which, or 0.
func (k keys) revoked(kind store.Kind, id string) string {
	return k.of(id) + "x:" + string(kind) + ":" + id
}

// record holds a record until it expires.
func (k keys) record(kind store.RecordKind, d store.Digest) string {
	return k.ofDigest(d) + "d:" + string(rune(kind)) + ":" + hex.EncodeToString(d[:])
}

// owned is a sorted set: digest, by the second in which the record expires.
func (k keys) owned(kind store.RecordKind, owner string) string {
	return k.of(owner) + "o:" + string(rune(kind)) + ":" + owner
}

// budget holds when a budget will be whole again, and noted is there while a name is
// remembered. Names are digests: they hold user ids and addresses.
func (k keys) budget(name string) string { return k.hashed("b:", name) }
func (k keys) noted(name string) string  { return k.hashed("n:", name) }

func (k keys) hashed(kind, name string) string {
	d := store.DigestOf([]byte(name))
	return k.ofDigest(d) + kind + hex.EncodeToString(d[:16])
}
