package authorize

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/store"
)

// requestURN begins the request URIs that are given out (RFC 9126, section 2.2).
const requestURN = "urn:ietf:params:oauth:request_uri:"

// PushedTTL is how long a pushed request may be used, in seconds. A browser that
// loads the page again in that time uses it again.
const PushedTTL = 90

// Push keeps an authorization request that an authenticated client sends ahead
// (RFC 9126, section 2.1), and returns its request URI.
func (s *Server) Push(ctx context.Context, args *fasthttp.Args, client *store.Client) (string, error) {
	if len(args.Peek("request_uri")) > 0 {
		return "", invalid("request_uri has no place in a pushed request")
	}
	r, wrong := s.request(args, client)
	if wrong != nil {
		return "", wrong
	}
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	uri := newSecret(requestURN)
	return uri, s.Store.Keep(ctx, &store.Record{
		Kind: store.RecordRequest, Digest: store.DigestOf([]byte(uri)), Value: text, Expires: r.Received + PushedTTL,
	})
}

// pushed is the request of a request URI, or nil where there is none for client.
func (s *Server) pushed(ctx context.Context, uri string, client *store.Client) (*Request, error) {
	now := s.Now().Unix()
	kept, err := s.Store.Record(ctx, store.RecordRequest, store.DigestOf([]byte(uri)), now)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := new(Request)
	if err := json.Unmarshal(kept.Value, r); err != nil || r.ClientID != client.ID {
		return nil, err
	}
	return r, nil
}
