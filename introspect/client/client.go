package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sony/gobreaker/v2"
	"github.com/valyala/fasthttp"
)

// maxAnswer bounds what an answer may take.
const maxAnswer = 1 << 20

// maxAnswerHead bounds the head of an answer: the Location of a page has the sealed
// request, or the application's state, in it.
const maxAnswerHead = 16 << 10

// maxFeed bounds a batch of the feed: the whole of it at the first read, about
// 150 bytes a live revocation.
const maxFeed = 256 << 20

// A Client talks to one security service.
type Client struct {
	cfg     Config
	base    string
	own     *ownCredentials
	http    *fasthttp.HostClient
	relay   *fasthttp.HostClient // of its own: what is relayed is never sent twice
	feed    *fasthttp.HostClient // of its own: a held request must not take a place from calls
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	hung    atomic.Int64 // calls in a row that took all of cfg.Timeout

	flights  flights
	active   *activeCache // nil where nothing is cached
	inactive *inactiveCache
	revising sync.RWMutex
	revision uint64 // counts revocations; guarded by revising

	stats Stats
}

// Stats count what a Client has done.
type Stats struct {
	Calls    atomic.Uint64 // introspection calls made
	Failures atomic.Uint64 // of them, those without a well-formed answer
	Hits     atomic.Uint64 // answers from the cache
	Misses   atomic.Uint64 // answers that the cache did not have
}

// New checks cfg, reads the secret and returns a client. It does not connect.
func New(cfg Config) (*Client, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	cfg = cfg.WithDefaults()
	own, err := newOwnCredentials(cfg.ClientID, cfg.ClientSecret, cfg.Auth)
	if err != nil {
		return nil, fmt.Errorf("client_secret: %w", err)
	}
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	c := &Client{cfg: cfg, base: u.Scheme + "://" + u.Host, own: own, flights: flights{calls: map[string]*flight{}}}
	for _, h := range []**fasthttp.HostClient{&c.http, &c.relay, &c.feed} {
		if *h, err = hostClient(u, &cfg, h != &c.relay); err != nil {
			return nil, err
		}
	}
	c.feed.MaxResponseBodySize = maxFeed
	c.relay.MaxIdleConnDuration = 2 * time.Second
	c.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: 1,
		Timeout:     cfg.Breaker.OpenFor,
		ReadyToTrip: func(n gobreaker.Counts) bool {
			return n.ConsecutiveFailures >= uint32(cfg.Breaker.Failures) || c.hung.Load() >= hungCalls
		},
	})
	if cfg.Cache.TTL > 0 {
		if c.active, err = newActiveCache(cfg.Cache.Bytes); err != nil {
			return nil, err
		}
		c.inactive = newInactiveCache(cfg.Cache.InactiveEntries)
	}
	return c, nil
}

// Close lets go of connections and of the cache.
func (c *Client) Close() {
	for _, h := range []*fasthttp.HostClient{c.http, c.relay, c.feed} {
		h.CloseIdleConnections()
	}
	if c.active != nil {
		c.active.close()
	}
}

// Stats are the client's counters.
func (c *Client) Stats() *Stats { return &c.stats }

// Open reports whether the breaker keeps calls from being made.
func (c *Client) Open() bool { return c.breaker.State() == gobreaker.StateOpen }

// hostClient talks to the service. With again, a call on which the connection
// broke off is made once more.
func hostClient(u *url.URL, cfg *Config, again bool) (*fasthttp.HostClient, error) {
	tlsConfig, err := cfg.TLS.Client(u.Hostname())
	if err != nil {
		return nil, err
	}
	addr := u.Host
	if u.Port() == "" {
		addr = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	if u.Scheme != "https" {
		tlsConfig = nil
	}
	return &fasthttp.HostClient{
		Addr:                     addr,
		IsTLS:                    u.Scheme == "https",
		TLSConfig:                tlsConfig,
		MaxConns:                 cfg.MaxConns,
		MaxConnWaitTimeout:       cfg.Timeout,
		MaxIdleConnDuration:      30 * time.Second,
		MaxResponseBodySize:      maxAnswer,
		ReadBufferSize:           maxAnswerHead,
		NoDefaultUserAgentHeader: true,
		DialTimeout:              dialer(cfg.Timeout, tlsConfig),
		// Nothing was sent on a stale connection, however many there are. Else a
		// call may be repeated once, where the connection had been closed while
		// idle; a service that is slow is not asked twice.
		MaxIdemponentCallAttempts: cfg.MaxConns + 2,
		RetryIfErr: func(_ *fasthttp.Request, attempts int, err error) (bool, bool) {
			if errors.Is(err, errStale) {
				return false, true
			}
			return false, again && attempts == 1 && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE))
		},
	}, nil
}

// hungCalls in a row open the breaker: a caller that is alone, and asks again
// when it has been refused, would wait for as many timeouts as there may be failures.
const hungCalls = 2

// doOwn makes a call in our own name. ErrRefused is part of the error where the
// service does not accept us.
func (c *Client) doOwn(ctx context.Context, req *fasthttp.Request, resp *fasthttp.Response) error {
	form := string(req.Body())
	return c.own.call(func(authorization string) (bool, error) {
		if c.cfg.Auth == AuthBody {
			req.SetBodyString(form + "&" + authorization)
		} else {
			req.Header.Set("Authorization", authorization)
		}
		if err := c.do(ctx, req, resp); err != nil {
			return false, err
		}
		return refusedUs(resp), nil
	})
}

// do makes one call within the deadline of cfg and of ctx, unless the breaker
// is open.
func (c *Client) do(ctx context.Context, req *fasthttp.Request, resp *fasthttp.Response) error {
	done, err := c.breaker.Allow()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	began := time.Now()
	deadline := began.Add(c.cfg.Timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	err = c.http.DoDeadline(req, resp, deadline)
	if err == nil {
		c.hung.Store(0)
	} else if time.Since(began) >= c.cfg.Timeout {
		c.hung.Add(1)
	}
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	case resp.StatusCode() >= 500:
		err = fmt.Errorf("%w: status %d", ErrUnavailable, resp.StatusCode())
	}
	done(err)
	return err
}
