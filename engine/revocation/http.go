package revocation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// feedWait is how long the service is asked to hold a call for which there is
// nothing new, and feedMargin what it may take on top.
const (
	feedWait   = 10 * time.Second
	feedMargin = 5 * time.Second
)

// maxBatch bounds an answer of the feed, in bytes: a million events and more.
const maxBatch = 256 << 20

// HTTP is the feed of a Tollgate security service at address, which ends in
// /revocations. clientID is a service client, and secret returns its secret: it
// is asked before every call, so that a secret may change. A nil client is one
// that follows no redirects. Its timeout, if it has one, has to be over 15 s.
func HTTP(address, clientID string, secret func() (string, error), client *http.Client) Source {
	if client == nil {
		client = &http.Client{
			Timeout:       feedWait + feedMargin,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &remote{address, clientID, secret, client}
}

// SecretFile is a secret that is kept in a file, without the line break that ends
// it. The file is read at every call.
func SecretFile(path string) func() (string, error) {
	return func() (string, error) {
		text, err := os.ReadFile(path)
		return strings.TrimRight(string(text), "\r\n"), err
	}
}

type remote struct {
	address, clientID string
	secret            func() (string, error)
	client            *http.Client
}

var errBatch = errors.New("revocation feed: answer names no cursor to go on from")

// Next implements Source.
func (r *remote) Next(ctx context.Context, after string) (b Batch, err error) {
	secret, err := r.secret()
	if err != nil {
		return b, fmt.Errorf("revocation feed: secret: %w", err)
	}
	q := url.Values{"wait": {fmt.Sprint(int(feedWait / time.Second))}}
	if after != "" {
		q.Set("after", after)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.address+"?"+q.Encode(), nil)
	if err != nil {
		return b, err
	}
	req.SetBasicAuth(url.QueryEscape(r.clientID), url.QueryEscape(secret)) // RFC 6749, section 2.3.1
	resp, err := r.client.Do(req)
	if err != nil {
		return b, fmt.Errorf("revocation feed: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return b, fmt.Errorf("revocation feed: status %d", resp.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBatch)).Decode(&b); err != nil {
		return b, fmt.Errorf("revocation feed: %w", err)
	}
	if b.Next == "" {
		return b, errBatch
	}
	return b, nil
}
