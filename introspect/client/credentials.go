package client

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// ErrRefused: the service does not accept our own credentials. That says
// nothing about the token or the caller in question, so it comes together with
// ErrUnavailable.
var ErrRefused = errors.New("security service does not accept our own client credentials")

// rereadEvery is how often the file with the secret is looked at while calls
// are made.
const rereadEvery = time.Second

// ownCredentials are the Authorization, or with AuthBody the part of the form, by
// which the service knows us. The
// secret's file is read again while calls are made, so that a changed secret is
// used within rereadEvery, and at once when the service refuses the present
// one. The secret before the last change is kept: where several services
// share a store, one of them may learn of a new secret a moment later than we
// do. It is safe for concurrent use.
type ownCredentials struct {
	id     string
	secret Secret
	auth   string // of Config

	present atomic.Pointer[string]
	looked  atomic.Int64 // when the file was looked at last, Unix nanoseconds
	trouble atomic.Pointer[error]

	mu     sync.Mutex
	before string // the Authorization before the present one; empty: none
}

func newOwnCredentials(id string, secret Secret, auth string) (*ownCredentials, error) {
	o := &ownCredentials{id: id, secret: secret, auth: auth}
	return o, o.reread()
}

// reread reads the secret. One that cannot be read leaves the present one in use.
func (o *ownCredentials) reread() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.looked.Store(time.Now().UnixNano())
	secret, err := o.secret.Read()
	if err != nil {
		return err
	}
	next := formBasic(o.id, secret)
	switch o.auth {
	case AuthBearer:
		next = "Bearer " + secret
	case AuthBody:
		next = "client_id=" + url.QueryEscape(o.id) + "&client_secret=" + url.QueryEscape(secret)
	}
	if last := o.present.Load(); last != nil {
		if *last == next {
			return nil
		}
		o.before = *last
	}
	o.present.Store(&next)
	return nil
}

// authorization is the present Authorization.
func (o *ownCredentials) authorization() string {
	if looked := o.looked.Load(); o.secret.File != "" && time.Now().UnixNano()-looked > int64(rereadEvery) && o.looked.CompareAndSwap(looked, time.Now().UnixNano()) {
		_ = o.reread() // what is known goes on; should that be refused, the reason is told then
	}
	return *o.present.Load()
}

// call makes one call with send, which reports whether the service refused us.
// Then the secret is read again and the call repeated with what else there is.
// A call that was refused has had no effect.
func (o *ownCredentials) call(send func(authorization string) (refused bool, err error)) error {
	first := o.authorization()
	refused, err := send(first)
	if err != nil {
		return err
	}
	if refused {
		unread := o.reread()
		second := *o.present.Load()
		if second != first {
			if refused, err = send(second); err != nil {
				return err
			}
		}
		o.mu.Lock()
		third := o.before
		o.mu.Unlock()
		if refused && third != "" && third != first {
			if refused, err = send(third); err != nil {
				return err
			}
		}
		if refused {
			o.forget(third)
			why := fmt.Errorf("%w (client %q)", ErrRefused, o.id)
			if unread != nil {
				why = fmt.Errorf("%w; client_secret: %w", why, unread)
			}
			o.trouble.Store(&why)
			return fmt.Errorf("%w: %w", ErrUnavailable, why)
		}
	}
	if o.trouble.Load() != nil {
		o.trouble.Store(nil)
	}
	return nil
}

// forget drops an Authorization from before that is refused as well.
func (o *ownCredentials) forget(before string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.before == before {
		o.before = ""
	}
}

// refusedUs reports whether the answer to a call in our name says that the
// service does not accept us (401), or not as a service client (403).
func refusedUs(resp *fasthttp.Response) bool {
	status := resp.StatusCode()
	return status == fasthttp.StatusUnauthorized || status == fasthttp.StatusForbidden
}

// Refused is the reason for which the service has refused the last call in our
// own name, or nil.
func (c *Client) Refused() error {
	if err := c.own.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// Reread reads our secret again. Where that fails the one in use stays.
func (c *Client) Reread() error {
	if err := c.own.reread(); err != nil {
		return fmt.Errorf("client_secret: %w", err)
	}
	return nil
}

// formBasic is the Authorization of a client whose id and secret are form-encoded
// first (RFC 6749, section 2.3.1).
func formBasic(id, secret string) string {
	return plainBasic(url.QueryEscape(id) + ":" + url.QueryEscape(secret))
}

// plainBasic is the Authorization of a pair, id:secret, that is sent as it is.
func plainBasic(pair string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}
