package client

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/engine/jwt"
)

// An Event is one revocation of the feed.
type Event struct {
	Cursor  string `json:"cursor"`
	Kind    string `json:"kind"` // token, session, subject, client or key
	ID      string `json:"id"`
	Before  int64  `json:"before"` // Unix seconds; for subject and client: tokens issued until then
	Expires int64  `json:"exp"`    // Unix seconds; from then on every such token has expired by itself
}

// A Batch is a stretch of the feed.
type Batch struct {
	Events []Event `json:"events"`
	Next   string  `json:"next"`  // the cursor to go on from
	Reset  bool    `json:"reset"` // what was known before is void; this is all of it
}

// feedHold is how long the service is asked to hold a request for which there
// is nothing new, and feedMargin what is granted on top for the answer.
const (
	feedHold   = 10 * time.Second
	feedMargin = 5 * time.Second
)

// Revocations returns what was revoked after the cursor, waiting for something
// to be. The empty cursor is the beginning.
func (c *Client) Revocations(ctx context.Context, after string) (Batch, error) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	q := url.Values{"wait": {strconv.Itoa(int(feedHold / time.Second))}}
	if after != "" {
		q.Set("after", after)
	}
	req.SetRequestURI(c.base + "/revocations?" + q.Encode())

	// fasthttp knows no contexts: on cancellation the call is left to end by
	// itself, within its timeout.
	type result struct {
		batch Batch
		err   error
	}
	done := make(chan result, 1)
	go func() {
		defer fasthttp.ReleaseRequest(req)
		defer fasthttp.ReleaseResponse(resp)
		var r result
		r.err = c.own.call(func(authorization string) (bool, error) {
			req.Header.Set("Authorization", authorization)
			err := c.feed.DoTimeout(req, resp, feedHold+feedMargin)
			return err == nil && refusedUs(resp), err
		})
		if r.err == nil {
			r.batch, r.err = readBatch(resp)
		}
		done <- r
	}()
	select {
	case <-ctx.Done():
		return Batch{}, ctx.Err()
	case r := <-done:
		if r.err != nil {
			r.err = fmt.Errorf("%w: revocation feed: %w", ErrUnavailable, r.err)
		}
		return r.batch, r.err
	}
}

func readBatch(resp *fasthttp.Response) (b Batch, err error) {
	if s := resp.StatusCode(); s != fasthttp.StatusOK {
		return b, fmt.Errorf("status %d", s)
	}
	if err = jwt.Decode(resp.Body(), &b); err == nil && b.Next == "" {
		err = errLies
	}
	return b, err
}
