package store

import (
	"context"
	"encoding/binary"
)

// A RecordKind says what a Record is of.
type RecordKind byte

// The kinds of records.
const (
	RecordCode    RecordKind = 'c' // an authorization code (RFC 6749, section 4.1.2)
	RecordBrowser RecordKind = 'b' // a browser in which somebody has logged in
	RecordFamily  RecordKind = 'f' // a session that a browser's login began
	RecordConsent RecordKind = 'g' // what a user lets a client have
	RecordKey     RecordKind = 'k' // a signing key of services that share the store, sealed
	RecordRequest RecordKind = 'p' // a pushed authorization request (RFC 9126)
	RecordDerived RecordKind = 'x' // an access token exchanged for its owner (RFC 8693): its id
	RecordEnding  RecordKind = 'e' // an access token that is about to be revoked, and so cannot be exchanged
)

// A Record is a small value with an end. What is in it only the endpoints know
// that keep it.
type Record struct {
	Kind    RecordKind
	Digest  Digest // what it is found by, with its kind
	Owner   string // in whose list it is; empty: in none
	Value   []byte // must not be changed once the record is kept
	Expires int64  // Unix seconds
}

// Records keeps records. What a call has answered is durable, as far as the
// store makes anything durable, and visible to every later call.
type Records interface {
	// Keep stores records, each in place of one of the same kind and digest.
	// A call that fails may have stored some of them.
	Keep(ctx context.Context, records ...*Record) error
	// Record finds a live record, or ErrNotFound.
	Record(ctx context.Context, kind RecordKind, d Digest, now int64) (*Record, error)
	// Change stores next in place of old, which Record or Owned has returned:
	// kind, digest and owner are the same. If the value stored is not old's any
	// more, it stores nothing and returns ErrChanged. Of any number of calls
	// with one old, exactly one returns nil.
	Change(ctx context.Context, old, next *Record) error
	// Owned lists the live records of a kind that owner has, in no order.
	Owned(ctx context.Context, kind RecordKind, owner string, now int64) ([]*Record, error)
	// Drop deletes a record. One that is not there is no error.
	Drop(ctx context.Context, r *Record) error
}

// AppendRecord appends owner, expiry and value of r in the form that
// DecodeRecord reads.
func AppendRecord(b []byte, r *Record) []byte {
	b = append(b, recordVersion)
	b = binary.AppendVarint(b, r.Expires)
	b = appendString(b, r.Owner)
	return append(b, r.Value...)
}

// DecodeRecord reads the record of a kind and digest; it does not refer to b.
func DecodeRecord(b []byte, kind RecordKind, d Digest) (*Record, error) {
	in := newDecoder(b)
	r := &Record{Kind: kind, Digest: d, Expires: in.varint(), Owner: in.string()}
	if in.bad {
		return nil, errRecord
	}
	r.Value = []byte(in.rest)
	return r, nil
}
