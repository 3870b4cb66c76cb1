package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/valyala/fasthttp"
)

const (
	typeJSON    = "application/json"
	typeForm    = "application/x-www-form-urlencoded"
	typePhantom = "application/token-introspection+jwt" // RFC 9701, section 4
)

// Introspect asks what the token is worth (RFC 7662), or remembers it.
func (c *Client) Introspect(ctx context.Context, token []byte) (*Answer, error) {
	return c.introspect(ctx, token, typeJSON)
}

// IntrospectPhantom is Introspect with the answer signed (RFC 9701) and the
// JWT that stands for the token in it. A Client is asked in one of the two
// ways only.
func (c *Client) IntrospectPhantom(ctx context.Context, token []byte) (*Answer, error) {
	return c.introspect(ctx, token, typePhantom)
}

// cached returns the answer for token where one is kept, without any waiting;
// ErrInactive counts as one.
func (c *Client) cached(token []byte) (*Answer, error) {
	now := c.cfg.Now().UnixNano()
	if a := c.active.get(token, now); a != nil {
		return a, nil
	}
	if c.inactive.has(token, now) {
		return nil, ErrInactive
	}
	return nil, nil
}

func (c *Client) introspect(ctx context.Context, token []byte, accept string) (*Answer, error) {
	if c.active == nil {
		return c.ask(ctx, string(token), accept)
	}
	if a, err := c.cached(token); a != nil || err != nil {
		c.stats.Hits.Add(1)
		return a, err
	}
	c.stats.Misses.Add(1)
	t := string(token)
	before := c.revisions()
	kept := func() (*Answer, error) { return c.cached(token) }
	return c.flights.join(ctx, t, before, kept, func() (*Answer, error) {
		a, err := c.ask(context.Background(), t, accept)
		c.keep(t, a, err, before)
		return a, err
	})
}

func (c *Client) revisions() uint64 {
	c.revising.RLock()
	defer c.revising.RUnlock()
	return c.revision
}

// keep stores a verdict, unless something was revoked since it was asked for:
// the answer may have been given before the revocation.
func (c *Client) keep(token string, a *Answer, err error, before uint64) {
	c.revising.RLock()
	defer c.revising.RUnlock()
	if c.revision != before {
		return
	}
	switch now := c.cfg.Now(); {
	case err == nil:
		c.active.put(token, a, now, c.cfg.Cache.TTL)
	case errors.Is(err, ErrInactive):
		c.inactive.put(token, now, c.cfg.Cache.InactiveTTL)
	}
}

// Revise says that a revocation has become known: answers under way are not kept.
func (c *Client) Revise() {
	c.revising.Lock()
	c.revision++
	c.revising.Unlock()
}

func (c *Client) ask(ctx context.Context, token, accept string) (*Answer, error) {
	c.stats.Calls.Add(1)
	a, err := c.call(ctx, token, accept)
	if err != nil && !errors.Is(err, ErrInactive) {
		c.stats.Failures.Add(1)
	}
	return a, err
}

func (c *Client) call(ctx context.Context, token, accept string) (*Answer, error) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	path := c.cfg.Path
	if path == "" {
		path = "/oauth2/introspect"
	}
	c.form(req, path)
	req.Header.Set("Accept", accept)
	req.SetBodyString("token=" + url.QueryEscape(token))
	if err := c.doOwn(ctx, req, resp); err != nil {
		return nil, err
	}
	if s := resp.StatusCode(); s != fasthttp.StatusOK {
		return nil, fmt.Errorf("%w: status %d", ErrUnavailable, s)
	}
	kind, _, _ := bytes.Cut(resp.Header.ContentType(), []byte{';'})
	if string(bytes.TrimSpace(kind)) != accept {
		return nil, fmt.Errorf("%w: answer of another type", ErrUnavailable)
	}
	if c.cfg.Read != nil {
		found, err := c.cfg.Read(resp.Body(), c.cfg.Now())
		switch {
		case errors.Is(err, ErrInactive):
			return nil, err // with what Read says of it
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return &Answer{Claims: found}, nil
	}
	if accept == typePhantom {
		return c.readSigned(resp.Body(), c.cfg.Now())
	}
	return c.read(resp.Body(), c.cfg.Now())
}

// form prepares a POST of a form to the service.
func (c *Client) form(req *fasthttp.Request, path string) {
	req.SetRequestURI(c.base + path)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType(typeForm)
}
