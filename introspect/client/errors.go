package client

import "errors"

var (
	// ErrUnavailable: no well-formed answer came in time. It says nothing
	// about the token or the credentials in question.
	ErrUnavailable = errors.New("security service unavailable")
	// ErrInactive: the service does not vouch for the token (RFC 7662,
	// section 2.2).
	ErrInactive = errors.New("token is not active")
	// ErrCredentials: the service does not accept these client credentials.
	ErrCredentials = errors.New("client credentials are not accepted")
	// ErrBusy: the service asks to be left alone for a while.
	ErrBusy = errors.New("security service limits requests")
)
