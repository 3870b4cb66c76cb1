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
// themselves are not kept. Credentials that were refused have a place of their
// own, so that guesses do not drive out good ones, and as many calls as
// api_users.calls may be under way at once. It is safe for concurrent use.
type apiUsers struct {
	cfg    APIUsers
	client tokenSource

	mu      sync.Mutex
	pending map[credentialKey]*apiUser // each with a call under way
	good    verdicts
	refused verdicts
}

type credentialKey [sha256.Size]byte

// verdicts are the verdicts used last, up to a number of them.
type verdicts struct {
	most    int
	entries map[credentialKey]*list.Element
	order   *list.List // of *apiUser, the least recently used last
}

func newVerdicts(most int) verdicts {
	return verdicts{most, map[credentialKey]*list.Element{}, list.New()}
}

// get returns the verdict for key that is good at now, or nil.
func (v *verdicts) get(key credentialKey, now time.Time) *apiUser {
	el, ok := v.entries[key]
	if !ok {
		return nil
	}
	e := el.Value.(*apiUser)
	if !now.Before(e.until) {
		v.remove(key)
		return nil
	}
	v.order.MoveToFront(el)
	return e
}

func (v *verdicts) put(e *apiUser) {
	v.remove(e.key)
	v.entries[e.key] = v.order.PushFront(e)
	if v.order.Len() > v.most {
		v.remove(v.order.Back().Value.(*apiUser).key)
	}
}

func (v *verdicts) remove(key credentialKey) {
	if el, ok := v.entries[key]; ok {
		v.order.Remove(el)
		delete(v.entries, key)
	}
}

// A tokenSource obtains a client's token by its credentials.
type tokenSource interface {
	Token(ctx context.Context, pair string) (client.Token, error)
}

// An apiUser is the verdict on one set of credentials.
type apiUser struct {
	key   credentialKey
	ready chan struct{} // closed once token and err are there
	token client.Token
	err   error
	until time.Time // to be used
}

func newAPIUsers(cfg APIUsers, source tokenSource) *apiUsers {
	return &apiUsers{
		cfg: cfg, client: source, pending: map[credentialKey]*apiUser{},
		good: newVerdicts(cfg.Entries), refused: newVerdicts(cfg.RefusedEntries),
	}
}

// user authenticates a client by its credentials and goes on with its token.
func (a *authenticator) user(c credential, now time.Time) (edge.Identity, edge.Outcome) {
	if a.users == nil || a.users.cfg.Disabled {
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

// token returns the token of the client that presents c. client.ErrBusy: there
// are too many calls under way.
func (u *apiUsers) token(c credential, now time.Time) (string, credentialKey, error) {
	key := digest(c)
	pair, ok := clientOf(c)
	if !ok {
		return "", key, client.ErrCredentials
	}
	e, mine := u.entry(key, now)
	if e == nil {
		return "", key, client.ErrBusy
	}
	if mine {
		u.obtain(e, pair, now)
	}
	<-e.ready // within the deadline of a call
	return e.token.Value, key, e.err
}

// digest names credentials without telling them.
func digest(c credential) (key credentialKey) {
	h := sha256.New()
	h.Write([]byte{byte(c.kind)})
	h.Write(c.value)
	h.Sum(key[:0])
	return key
}

// entry returns the verdict for key, or one to be filled in by the caller, which
// makes a call for it. It returns nil where there are too many such calls.
func (u *apiUsers) entry(key credentialKey, now time.Time) (e *apiUser, mine bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if e = u.good.get(key, now); e != nil {
		return e, false
	}
	if e = u.refused.get(key, now); e != nil {
		return e, false
	}
	if e = u.pending[key]; e != nil {
		return e, false
	}
	if len(u.pending) >= u.cfg.Calls {
		return nil, false
	}
	e = &apiUser{key: key, ready: make(chan struct{})}
	u.pending[key] = e
	return e, true
}

// forget drops the token that is kept for key.
func (u *apiUsers) forget(key credentialKey) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.good.remove(key)
}

// obtain fills e in, and keeps it where it is a verdict.
func (u *apiUsers) obtain(e *apiUser, pair string, now time.Time) {
	defer close(e.ready)
	e.token, e.err = u.client.Token(context.Background(), pair)
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.pending, e.key)
	switch {
	case e.err == nil:
		left := e.token.Expires.Sub(now)
		e.until = now.Add(left - min(u.cfg.RenewBefore, left/2))
		u.good.put(e)
	case errors.Is(e.err, client.ErrCredentials):
		e.until = now.Add(u.cfg.RefusedTTL)
		u.refused.put(e)
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
