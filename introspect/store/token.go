package store

import "sync/atomic"

// Token is what an access token stands for. It does not change once it has
// been stored.
type Token struct {
	ID       string // jti
	Session  string // sid; empty for a token that began no session and belongs to none
	Subject  string
	ClientID string
	Scope    string // scopes separated by one space (RFC 6749, section 3.3)
	Roles    []string
	Audience []string
	Actor    string // the act claim as a JSON object (RFC 8693, section 4.1); empty without one
	Person   bool   // the subject is a user, not a client
	Issued   int64
	Expires  int64

	rendered atomic.Pointer[[]byte]
}

// Rendered is the answer that render makes of the token, made once for as long
// as this Token stays in memory. It must not be changed.
func (t *Token) Rendered(render func(*Token) []byte) []byte {
	if p := t.rendered.Load(); p != nil {
		return *p
	}
	b := render(t)
	t.rendered.Store(&b)
	return b
}

// Issued is an access token with the digest that it is found by.
type Issued struct {
	Digest Digest
	Token  *Token
}

// Session is what one login began: a family of refresh tokens, of which one at
// a time is good, and the access tokens obtained with them.
type Session struct {
	ID       string // sid
	Subject  string
	ClientID string
	Scope    string
	Audience []string
	Started  int64
	Expires  int64  // of the current refresh token
	Refresh  Digest // of the current refresh token
	Recent   []Used // the tokens before it that may be presented once more
}
