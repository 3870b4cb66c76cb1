package gateway

import (
	"bytes"
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"sync"
	"time"

	"github.com/tollgate/tollgate/gateway/edge"
	"github.com/tollgate/tollgate/introspect/client"
)

// apiUsers keeps a token for each client that sends its credentials with every
// request. They are known by a digest of what they send; the credentials
// themselves are not kept.
type apiUsers struct {
	cfg    APIUsers
	client tokenSource

	mu      sync.Mutex
	entries map[[sha256.Size]byte]*list.Element
	order   *list.List // of *apiUser, the least recently used last
}

// A tokenSource obtains a client's token by its credentials.
type tokenSource interface {
	Token(ctx context.Context, pair string) (client.Token, error)
}

// An apiUser is the verdict on one set of credentials.
type apiUser struct {
	key   [sha256.Size]byte
	ready chan struct{} // closed once token and err are there
	token client.Token
	err   error
	until time.Time // to be used; a verdict that is none has no time
}

func newAPIUsers(cfg APIUsers, source tokenSource) *apiUsers {
	return &apiUsers{cfg: cfg, client: source, entries: map[[sha256.Size]byte]*list.Element{}, order: list.New()}
}

// user authenticates a client by its credentials and goes on with its token.
func (a *authenticator) user(c credential, now time.Time) (edge.Identity, edge.Outcome) {
	if a.users.cfg.Disabled {
		return edge.Identity{}, edge.InvalidToken
	}
	o := edge.InvalidClient
	// A kept token may have been revoked while the credentials are good: then
	// there is a new one, once.
	for range 2 {
		token, key, err := a.users.token(c, now)
		if err != nil {
			return edge.Identity{}, refused(err)
		}
		now = time.Now() // the token may have been issued after the request began
		var who edge.Identity
		if who, o = a.token([]byte(token), now); o != edge.InvalidToken {
			return who, o
		}
		a.users.forget(key)
	}
	return edge.Identity{}, o
}

// token returns the token of the client that presents c.
func (u *apiUsers) token(c credential, now time.Time) (string, [sha256.Size]byte, error) {
	key := digest(c)
	e, mine := u.entry(key, now)
	if mine {
		u.obtain(e, c, now)
	}
	<-e.ready // within the deadline of a call
	return e.token.Value, key, e.err
}

// digest names credentials without telling them.
func digest(c credential) (key [sha256.Size]byte) {
	h := sha256.New()
	h.Write([]byte{byte(c.kind)})
	h.Write(c.value)
	h.Sum(key[:0])
	return key
}

// entry returns the verdict for key, or one to be filled in by the caller.
func (u *apiUsers) entry(key [sha256.Size]byte, now time.Time) (e *apiUser, mine bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if el, ok := u.entries[key]; ok {
		e = el.Value.(*apiUser)
		select {
		case <-e.ready:
			if now.Before(e.until) {
				u.order.MoveToFront(el)
				return e, false
			}
			u.remove(el)
		default:
			return e, false
		}
	}
	e = &apiUser{key: key, ready: make(chan struct{})}
	u.entries[key] = u.order.PushFront(e)
	if u.order.Len() > u.cfg.Entries {
		u.remove(u.order.Back())
	}
	return e, true
}

func (u *apiUsers) remove(el *list.Element) {
	u.order.Remove(el)
	delete(u.entries, el.Value.(*apiUser).key)
}

func (u *apiUsers) forget(key [sha256.Size]byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if el, ok := u.entries[key]; ok {
		u.remove(el)
	}
}

// obtain fills e in.
func (u *apiUsers) obtain(e *apiUser, c credential, now time.Time) {
	defer close(e.ready)
	pair, ok := clientOf(c)
	if !ok {
		e.err = client.ErrCredentials
	} else {
		e.token, e.err = u.client.Token(context.Background(), pair)
	}
	switch {
	case e.err == nil:
		left := e.token.Expires.Sub(now)
		e.until = now.Add(left - min(u.cfg.RenewBefore, left/2))
	case errors.Is(e.err, client.ErrCredentials):
		e.until = now.Add(u.cfg.RefusedTTL)
	}
}

// The form of a client secret as the security service makes them: it names its
// client.
var secretPrefix = []byte("tgs_")

// clientOf reads the client's id and secret, with a colon between them, as they
// were sent: they may be encoded in one of several ways, which the security
// service knows.
func clientOf(c credential) (pair string, ok bool) {
	text := c.value
	switch {
	case c.kind == basicPair:
		var err error
		if text, err = base64.StdEncoding.AppendDecode(nil, c.value); err != nil {
			return "", false
		}
	case bytes.HasPrefix(text, secretPrefix):
		dot := bytes.LastIndexByte(text, '.')
		if dot <= len(secretPrefix) {
			return "", false
		}
		return string(text[len(secretPrefix):dot]) + ":" + string(text), true
	}
	colon := bytes.IndexByte(text, ':')
	return string(text), 0 < colon && colon < len(text)-1
}
