package store

import (
	"context"
	"time"
)

// Accounts keeps people and clients. The values handed out are shared: callers
// must not change them.
type Accounts interface {
	User(ctx context.Context, id string) (*User, error)
	Users(ctx context.Context) ([]*User, error)
	// PutUser stores u in place of old, as User returned it, or as a new one
	// where old is nil. If that is not what is stored now, it stores nothing
	// and returns ErrChanged.
	PutUser(ctx context.Context, u, old *User) error
	// DropUser deletes the user old, as User returned it. If that is not what is
	// stored now, it deletes nothing and returns ErrChanged.
	DropUser(ctx context.Context, old *User) error

	Client(ctx context.Context, id string) (*Client, error)
	Clients(ctx context.Context) ([]*Client, error)
	// PutClient is to clients what PutUser is to users.
	PutClient(ctx context.Context, c, old *Client) error
	// DropClient is to clients what DropUser is to users.
	DropClient(ctx context.Context, old *Client) error
}

// KeptExpired is how long an opaque access token is kept beyond its expiry, so
// that logging out with it still ends its session.
const KeptExpired = time.Minute

// Tokens keeps opaque access tokens and the sessions that logins begin.
type Tokens interface {
	// Issue keeps an opaque access token.
	Issue(ctx context.Context, access *Issued) error
	// Begin keeps a new session, found by the digest of its first refresh
	// token, and its access token where that is opaque (nil where not).
	Begin(ctx context.Context, s *Session, access *Issued) error
	// Access finds an access token that was live at now, which is KeptExpired
	// ago at most.
	Access(ctx context.Context, d Digest, now int64) (*Token, error)
	// Session finds the live session that a refresh token belongs to, used
	// already or not.
	Session(ctx context.Context, refresh Digest, now int64) (*Session, error)
	// Rotate replaces a session's refresh token, as Session.Rotate decides. Of any
	// number of calls with one old token exactly one returns nothing and nil: its
	// New is the successor. The others, within the grace, are given the successor
	// that there is, and their access token is kept. A call with a token that is
	// neither current nor within its grace revokes the session and returns
	// ErrReused.
	Rotate(ctx context.Context, r *Rotation) (given *Used, err error)
}

// Revocations keeps the feed of what has been revoked.
type Revocations interface {
	// Revoke appends events to the feed, whose order and cursors the store
	// gives, and makes it true: the sessions and tokens named are dead. What
	// the last event names is found dead only once all the others are.
	Revoke(ctx context.Context, events ...Event) error
	// Revoked reports whether an access token that the store does not hold,
	// a JWT, has been revoked; keyID names the key that signed it.
	Revoked(ctx context.Context, t *Token, keyID string) (bool, error)
	// Feed is the part of the feed that is alive, current to within what the
	// store documents.
	Feed() *Feed
}

// A Visitor is called by Walk. What is nil is passed over; what is handed to it
// must not be changed.
type Visitor struct {
	Session func(*Session) error
	Access  func(*Issued) error // of opaque tokens; those revoked are among them
	Record  func(*Record) error
}

// Store is all that the security service keeps.
type Store interface {
	Accounts
	Tokens
	Revocations
	Records
	// Walk calls v for what is alive at now, in no order, and stops at the first
	// error of v. What changes meanwhile may be missed or shown as it was. It
	// reads everything of the kinds asked for: it is for operators.
	Walk(ctx context.Context, now int64, v Visitor) error
	// Sweep deletes limit expired records, or a few more where they were
	// written together, and reports how many it deleted; fewer than limit
	// means that none are left.
	Sweep(ctx context.Context, now int64, limit int) (int, error)
	// Ready reports why the store cannot serve at present, or nil.
	Ready(ctx context.Context) error
	// Failed is closed when the store has failed for good; see ErrFailed.
	Failed() <-chan struct{}
	Close() error
}
