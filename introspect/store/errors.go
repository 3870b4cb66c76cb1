package store

import "errors"

var (
	// ErrNotFound: no such record, or it has expired or been revoked.
	ErrNotFound = errors.New("not found")
	// ErrReused: a refresh token was presented a second time; its family has
	// been revoked.
	ErrReused = errors.New("refresh token was used before")
	// ErrFailed: the store could not make a write durable, and serves nothing
	// more until it is opened again.
	ErrFailed = errors.New("store has failed")
	// ErrChanged: the account or record is not what the caller thought it was.
	ErrChanged = errors.New("it has changed meanwhile")
)
