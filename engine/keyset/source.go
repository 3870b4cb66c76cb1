package keyset

import (
	"context"
	"time"
)

// A Source is where an issuer's JWK set is read from.
type Source interface {
	// Fetch returns the document. Given the ETag of the last one it may answer
	// with NotModified instead of the body. It gives up when ctx ends.
	Fetch(ctx context.Context, etag string) (Document, error)
}

// A Document is a Source's answer.
type Document struct {
	Body        []byte
	ETag        string        // names this body; may be empty
	NotModified bool          // the body is the one that etag names
	MaxAge      time.Duration // how long it is fresh, 0 if not said
}
