package client

import (
	"bytes"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/engine/jwt"
)

// relayTimeout bounds a relayed call that hashes no password.
const relayTimeout = 10 * time.Second

// LoginTimeout bounds a relayed login, which may wait for its turn to be hashed:
// it is more than the service's login.wait may be, so that nobody is told 503 whose
// session then begins.
const LoginTimeout = 75 * time.Second

// Login passes a login on in our name, so that the service believes from, the
// address of the user. That the service refuses us is never told the user, for
// whom it would look like a wrong password.
func (c *Client) Login(in *fasthttp.Request, out *fasthttp.Response, from string) error {
	return c.passAsOurs(in, out, "/login", from)
}

// Page passes a request for a page that people see on in our name, as Login does
// with a login: the service believes from. Of the browser's cookies those go
// along that the service has set.
func (c *Client) Page(in *fasthttp.Request, out *fasthttp.Response, from string) error {
	return c.passAsOurs(in, out, string(in.Header.RequestURI()), from)
}

func (c *Client) passAsOurs(in *fasthttp.Request, out *fasthttp.Response, target, from string) error {
	return c.own.call(func(authorization string) (bool, error) {
		out.Reset()
		err := c.pass(in, out, target, from, authorization, LoginTimeout)
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
	return c.pass(in, out, target, from, string(in.Header.Peek("Authorization")), relayTimeout)
}

// sent are the fields of a request that mean something to the service.
var sent = []string{
	"Accept", "If-None-Match", "If-Modified-Since", "DPoP", "Accept-Language", "User-Agent", "Sec-Fetch-Site",
	"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers",
}

// relayed are the fields of an answer that mean something to the client.
var relayed = []string{
	"Cache-Control", "Pragma", "ETag", "Last-Modified", "Retry-After", "WWW-Authenticate", "Allow", "Location",
	"X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy", "Referrer-Policy", "Vary",
	"Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
	"Access-Control-Expose-Headers", "Access-Control-Max-Age",
}

// ours reports whether a cookie is one that the service sets.
func ours(cookie []byte) bool {
	return bytes.HasPrefix(bytes.TrimPrefix(cookie, []byte("__Host-")), []byte("tollgate-"))
}

func (c *Client) pass(in *fasthttp.Request, out *fasthttp.Response, target, from, authorization string, within time.Duration) error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(c.base + target)
	req.Header.SetMethodBytes(in.Header.Method())
	req.Header.SetContentTypeBytes(in.Header.ContentType())
	for _, name := range sent {
		if v := in.Header.Peek(name); len(v) > 0 {
			req.Header.SetBytesV(name, v)
		}
	}
	for name, value := range in.Header.Cookies() {
		if ours(name) {
			req.Header.SetCookieBytesKV(name, value)
		}
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	req.Header.Set("X-Forwarded-For", from)
	req.SetBodyRaw(in.Body())
	if err := c.relay.DoTimeout(req, resp, within); err != nil {
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
	for _, cookie := range resp.Header.Cookies() {
		out.Header.AddBytesV("Set-Cookie", cookie)
	}
	out.SetBody(resp.Body())
	return nil
}
