package redis

import (
	"encoding/hex"

	"github.com/tollgate/tollgate/introspect/store"
)

// keys makes the names of keys. It is their common prefix.
type keys string

func (k keys) users() string   { return string(k) + "users" }   // hash: id -> JSON
func (k keys) clients() string { return string(k) + "clients" } // hash: id -> JSON
func (k keys) feed() string    { return string(k) + "feed" }    // stream of events
func (k keys) epoch() string   { return string(k) + "epoch" }

// access holds a token record until the token expires.
func (k keys) access(d store.Digest) string { return string(k) + "t:" + hex.EncodeToString(d[:]) }

// refresh holds the expiry of a refresh token and its sid, until then.
func (k keys) refresh(d store.Digest) string { return string(k) + "r:" + hex.EncodeToString(d[:]) }

// session holds a session record until its refresh token expires.
func (k keys) session(id string) string { return string(k) + "s:" + id }

// revoked is there while something named id is revoked; it holds the time up
// to which, or 0.
func (k keys) revoked(kind store.Kind, id string) string {
	return string(k) + "x:" + string(kind) + ":" + id
}
