package client

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/engine/jwt"
)

// A Token is what the service issued.
type Token struct {
	Value   string
	Expires time.Time
}

// Token obtains another client's own token (RFC 6749, section 4.4). pair is its id
// and secret with a colon between them, as the client has sent them: in which
// encoding is for the service to find out, which is the only one that knows the
// secret.
func (c *Client) Token(ctx context.Context, pair string) (Token, error) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	c.form(req, "/oauth2/token")
	req.Header.Set("Authorization", plainBasic(pair))
	req.SetBodyString("grant_type=client_credentials")
	if err := c.do(ctx, req, resp); err != nil {
		return Token{}, err
	}
	switch s := resp.StatusCode(); s {
	case fasthttp.StatusOK:
	case fasthttp.StatusBadRequest, fasthttp.StatusUnauthorized:
		return Token{}, ErrCredentials
	case fasthttp.StatusTooManyRequests:
		return Token{}, ErrBusy
	default:
		return Token{}, fmt.Errorf("%w: status %d", ErrUnavailable, s)
	}
	var body struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	if err := jwt.Decode(resp.Body(), &body); err != nil {
		return Token{}, fmt.Errorf("%w: token answer: %w", ErrUnavailable, err)
	}
	if body.AccessToken == "" || body.TokenType != "Bearer" || body.ExpiresIn <= 0 {
		return Token{}, fmt.Errorf("%w: %w", ErrUnavailable, errLies)
	}
	return Token{body.AccessToken, c.cfg.Now().Add(time.Duration(body.ExpiresIn) * time.Second)}, nil
}

// Revoke revokes a token in our own name (RFC 7009). That a token is unknown
// is no error.
func (c *Client) Revoke(ctx context.Context, token string) error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	c.form(req, "/oauth2/revoke")
	req.SetBodyString("token=" + url.QueryEscape(token))
	if err := c.doOwn(ctx, req, resp); err != nil {
		return err
	}
	if s := resp.StatusCode(); s != fasthttp.StatusOK {
		return fmt.Errorf("%w: status %d", ErrUnavailable, s)
	}
	return nil
}
