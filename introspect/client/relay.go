package client

import (
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/engine/jwt"
)

// relayTimeout bounds a relayed call: a login hashes a password, and may wait
// for its turn to.
const relayTimeout = 10 * time.Second

// Login passes a login on in our name, so that the service believes from, the
// address of the user. That the service refuses us is never told the user, for
// whom it would look like a wrong password.
func (c *Client) Login(in *fasthttp.Request, out *fasthttp.Response, from string) error {
	return c.own.call(func(authorization string) (bool, error) {
		out.Reset()
		err := c.pass(in, out, "/login", from, authorization)
		return err == nil && out.StatusCode() == fasthttp.StatusUnauthorized && errorCode(out.Body()) == "invalid_client", err
	})
}

// errorCode is the error of an OAuth error answer (RFC 6749, section 5.2).
func errorCode(body []byte) string {
	var answer struct {
		Error string `json:"error"`
	}
	if jwt.Decode(body, &answer) != nil {
		return ""
	}
	return answer.Error
}

// Relay passes a request for the service itself on, as it came.
func (c *Client) Relay(in *fasthttp.Request, out *fasthttp.Response, from string) error {
	target := string(in.Header.RequestURI())
	return c.pass(in, out, target, from, string(in.Header.Peek("Authorization")))
}

// relayed are the fields of an answer that mean something to the client.
var relayed = []string{
	"Cache-Control", "Pragma", "ETag", "Last-Modified", "Retry-After", "WWW-Authenticate",
	"X-Content-Type-Options", "Access-Control-Allow-Origin", "Vary",
}

func (c *Client) pass(in *fasthttp.Request, out *fasthttp.Response, target, from, authorization string) error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(c.base + target)
	req.Header.SetMethodBytes(in.Header.Method())
	req.Header.SetContentTypeBytes(in.Header.ContentType())
	for _, name := range []string{"Accept", "If-None-Match", "If-Modified-Since", "DPoP"} {
		if v := in.Header.Peek(name); len(v) > 0 {
			req.Header.SetBytesV(name, v)
		}
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	req.Header.Set("X-Forwarded-For", from)
	req.SetBodyRaw(in.Body())
	if err := c.relay.DoTimeout(req, resp, relayTimeout); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if s := resp.StatusCode(); s >= 500 {
		return fmt.Errorf("%w: status %d", ErrUnavailable, s)
	}
	out.SetStatusCode(resp.StatusCode())
	out.Header.SetContentTypeBytes(resp.Header.ContentType())
	for _, name := range relayed {
		if v := resp.Header.Peek(name); len(v) > 0 {
			out.Header.SetBytesV(name, v)
		}
	}
	out.SetBody(resp.Body())
	return nil
}
