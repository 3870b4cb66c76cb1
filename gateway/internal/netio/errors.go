package netio

import "errors"

// ErrStale: the connection was closed, or spoken on, by the peer before
// anything was asked of it.
var ErrStale = errors.New("connection was not idle")
