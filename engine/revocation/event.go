package revocation

import "context"

// Kind is what an Event revokes.
type Kind string

// The kinds. Others are ignored, so that a feed may learn new ones, but they are
// counted: see Follower.Status.
const (
	Token   Kind = "token"   // one token, by its jti
	Session Kind = "session" // all tokens of one login, by their sid
	Subject Kind = "subject" // a user's tokens issued at or before Before
	Client  Kind = "client"  // a client's tokens issued at or before Before
	Key     Kind = "key"     // all tokens under one key, by its kid
)

// An Event revokes something for good.
type Event struct {
	Cursor  string `json:"cursor"`
	Kind    Kind   `json:"kind"`
	ID      string `json:"id"`
	Before  int64  `json:"before,omitempty"` // Unix seconds; of Subject and Client
	Expires int64  `json:"exp"`              // Unix seconds; no token it concerns lives longer. 0: for ever
}

// A Batch is a stretch of the feed.
type Batch struct {
	Events []Event `json:"events"`
	Next   string  `json:"next"`            // the cursor to ask after next
	Reset  bool    `json:"reset,omitempty"` // this is the whole feed: forget all else
}

// A Source is the feed.
type Source interface {
	// Next returns the events after the cursor, in order. It may wait for some to
	// come, and returns none when it has waited long enough. The empty cursor, or one
	// the feed does not know any more, asks for the whole feed, and is answered with
	// Reset.
	Next(ctx context.Context, after string) (Batch, error)
}
