package authorize

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/store"
)

// A Browser is a browser in which somebody has logged in. It is found by the
// digest of a secret in a cookie.
type Browser struct {
	ID       string   `json:"sid"`
	Subject  string   `json:"sub"`
	AuthTime int64    `json:"auth_time"` // Unix seconds
	Methods  []string `json:"amr"`       // RFC 8176
	Agent    string   `json:"agent,omitempty"`
	Network  string   `json:"network,omitempty"`

	kept *store.Record
}

// Expires is when the login ends, in Unix seconds.
func (b *Browser) Expires() int64 { return b.kept.Expires }

// maxAgent bounds what is kept of a User-Agent, in bytes.
const maxAgent = 256

// cookies are the names of the service's cookies and how they are set.
type cookies struct {
	login   string // the secret of the browser's login
	request string // what pending requests are bound to
	secure  bool
}

// newCookies are cookies for an issuer. Over https they have the prefix that
// browsers let nobody else set (RFC 6265bis, section 4.1.3.2). A plain-http
// issuer is a demo on this machine.
func newCookies(https bool) cookies {
	if https {
		return cookies{"__Host-tollgate-login", "__Host-tollgate-request", true}
	}
	return cookies{"tollgate-login", "tollgate-request", false}
}

// set sets a cookie that ends with the browser, or with age where it is not 0;
// a negative age deletes it.
func (k cookies) set(ctx *fasthttp.RequestCtx, name, value string, age time.Duration) {
	c := fasthttp.AcquireCookie()
	defer fasthttp.ReleaseCookie(c)
	c.SetKey(name)
	c.SetValue(value)
	c.SetPath("/")
	c.SetHTTPOnly(true)
	c.SetSecure(k.secure)
	c.SetSameSite(fasthttp.CookieSameSiteLaxMode)
	switch {
	case age < 0:
		c.SetExpire(fasthttp.CookieExpireDelete)
	case age > 0:
		c.SetMaxAge(int(age / time.Second))
	}
	ctx.Response.Header.SetCookie(c)
}

// browser is the login of the browser that sends a request, or nil.
func (s *Server) browser(ctx *fasthttp.RequestCtx) (*Browser, error) {
	secret := ctx.Request.Header.Cookie(s.cookies.login)
	if len(secret) == 0 {
		return nil, nil
	}
	now := s.Now().Unix()
	kept, err := s.Store.Record(ctx, store.RecordBrowser, store.DigestOf(secret), now)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := decodeBrowser(kept)
	if err != nil {
		return nil, err
	}
	if ended, err := s.ended(ctx, b); ended || err != nil {
		return nil, err
	}
	return b, nil
}

func decodeBrowser(kept *store.Record) (*Browser, error) {
	b := &Browser{kept: kept}
	return b, json.Unmarshal(kept.Value, b)
}

// ended reports whether a login was revoked, by itself or with its user, or has
// lasted for as long as a login may now: a revocation is kept no longer.
func (s *Server) ended(ctx context.Context, b *Browser) (bool, error) {
	if b.AuthTime+int64(s.SessionTTL/time.Second) <= s.Now().Unix() {
		return true, nil
	}
	return s.Store.Revoked(ctx, &store.Token{ID: b.ID, Session: b.ID, Subject: b.Subject, Issued: b.AuthTime}, "")
}

// newBrowser is the login of user in the browser that sends ctx, and the secret
// that finds it: always a new one, so that a secret that somebody else has
// planted is worth nothing. It has the id of the login whose place it takes.
func (s *Server) newBrowser(ctx *fasthttp.RequestCtx, id string, user *store.User, network string, methods []string, now int64) (*Browser, string) {
	agent := ctx.Request.Header.UserAgent()
	b := &Browser{
		ID: id, Subject: user.ID, AuthTime: now, Methods: methods,
		Agent: string(agent[:min(len(agent), maxAgent)]), Network: network,
	}
	text, err := json.Marshal(b)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	secret := newSecret("tgb_")
	b.kept = &store.Record{
		Kind: store.RecordBrowser, Digest: store.DigestOf([]byte(secret)), Owner: user.ID, Value: text,
		Expires: now + int64(s.SessionTTL/time.Second),
	}
	return b, secret
}

// replace ends old alone, whose place b takes: the sessions that applications have
// begun with it are b's from now on, and are found as long as b is.
func (s *Server) replace(ctx context.Context, old, b *Browser) error {
	codes, err := s.Store.Owned(ctx, store.RecordCode, old.ID, s.Now().Unix())
	if err != nil {
		return err
	}
	for _, r := range codes {
		var c Code
		if err := json.Unmarshal(r.Value, &c); err != nil {
			return err
		}
		if c.Used == "" || r.Expires >= b.Expires() {
			continue // one that is not used may be at this moment
		}
		longer := *r
		longer.Expires = b.Expires()
		if err := s.Store.Keep(ctx, &longer); err != nil {
			return err
		}
	}
	return s.Store.Drop(ctx, old.kept)
}

// Browsers lists the logins of a user, the newest first.
func (s *Server) Browsers(ctx context.Context, subject string) ([]*Browser, error) {
	kept, err := s.Store.Owned(ctx, store.RecordBrowser, subject, s.Now().Unix())
	if err != nil {
		return nil, err
	}
	var list []*Browser
	for _, r := range kept {
		b, err := decodeBrowser(r)
		if err != nil {
			return nil, err
		}
		ended, err := s.ended(ctx, b)
		if err != nil {
			return nil, err
		}
		if !ended {
			list = append(list, b)
		}
	}
	slices.SortFunc(list, func(a, b *Browser) int { return int(b.AuthTime - a.AuthTime) })
	return list, nil
}

// End ends the login of a browser, and every session that an application began
// with it: their tokens are revoked. The login's own revocation comes last, so that
// who finds it ended finds the sessions ended too. After it the list is read once
// more: a code that was redeemed meanwhile is either in it, or its redemption sees
// the revocation.
func (s *Server) End(ctx context.Context, b *Browser) error {
	now := s.Now().Unix()
	begun, err := Begun(ctx, s.Store, b.ID, "", now)
	if err != nil {
		return err
	}
	events := append(s.endings(begun, now), store.Event{Kind: store.KindSession, ID: b.ID, Expires: max(b.Expires(), s.Horizon(now))})
	if err := s.Store.Revoke(ctx, events...); err != nil {
		return err
	}
	since, err := Begun(ctx, s.Store, b.ID, "", now)
	if err != nil {
		return err
	}
	since = slices.DeleteFunc(since, func(id string) bool { return slices.Contains(begun, id) })
	if len(since) > 0 {
		if err := s.Store.Revoke(ctx, s.endings(since, now)...); err != nil {
			return err
		}
	}
	return s.Store.Drop(ctx, b.kept)
}

// endings are the revocations of sessions.
func (s *Server) endings(ids []string, now int64) []store.Event {
	events := make([]store.Event, len(ids))
	for i, id := range ids {
		events[i] = store.Event{Kind: store.KindSession, ID: id, Expires: s.Horizon(now)}
	}
	return events
}

// endSessions revokes the sessions that a client, or any where it is empty, has
// begun with the login of a browser.
func (s *Server) endSessions(ctx context.Context, b *Browser, client string) error {
	now := s.Now().Unix()
	begun, err := Begun(ctx, s.Store, b.ID, client, now)
	if err != nil {
		return err
	}
	if len(begun) == 0 {
		return nil
	}
	return s.Store.Revoke(ctx, s.endings(begun, now)...)
}

// Begun lists the ids of the sessions that a client, or any where it is empty,
// has begun with the login of a browser.
func Begun(ctx context.Context, records store.Records, browser, client string, now int64) ([]string, error) {
	codes, err := records.Owned(ctx, store.RecordCode, browser, now)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range codes {
		var c Code
		if err := json.Unmarshal(r.Value, &c); err != nil {
			return nil, err
		}
		if c.Used != "" && (client == "" || c.ClientID == client) {
			ids = append(ids, c.Used)
		}
	}
	return ids, nil
}
