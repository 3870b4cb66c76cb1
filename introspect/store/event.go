package store

// Kind is what a revocation names.
type Kind string

// The kinds of revocation.
const (
	KindToken   Kind = "token"   // one token, by its jti
	KindSession Kind = "session" // every token of a login, by its sid
	KindSubject Kind = "subject" // every token of a subject issued up to Before
	KindClient  Kind = "client"  // every token of a client issued up to Before
	KindKey     Kind = "key"     // every token that a key has signed, by its kid
)

// Event is one entry of the revocation feed.
type Event struct {
	Cursor string `json:"cursor"`
	Kind   Kind   `json:"kind"`
	ID     string `json:"id"`
	// Before bounds a revocation by subject or client: tokens issued up to and
	// including that second are dead.
	Before int64 `json:"before,omitempty"`
	// Expires is when the last token concerned has expired by itself, so that
	// the entry may be forgotten.
	Expires int64 `json:"exp"`
}
