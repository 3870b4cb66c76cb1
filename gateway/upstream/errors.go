package upstream

import "errors"

var (
	// ErrFull: the upstream has as many connections as it may.
	ErrFull = errors.New("upstream has no free connection")
	// ErrConnect: no address took a connection.
	ErrConnect = errors.New("upstream cannot be reached")
)
