package introspect

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/store"
)

// refusal is an error that the caller is told about (RFC 6749, section 5.2).
type refusal struct {
	status      int
	code        string
	description string
	wait        time.Duration // Retry-After, where it is not zero
	scheme      string        // of the challenge of a 401 or 403; empty: Basic for a 401
}

func (r *refusal) Error() string { return r.code + ": " + r.description }

// The error codes of RFC 6749, section 5.2, RFC 8693, section 2.2.2, and
// RFC 8707, section 2.
func invalidRequest(why string) error {
	return &refusal{status: 400, code: "invalid_request", description: why}
}
func invalidScope(why string) error {
	return &refusal{status: 400, code: "invalid_scope", description: why}
}
func invalidTarget(why string) error {
	return &refusal{status: 400, code: "invalid_target", description: why}
}
func invalidGrant(status int, why string) error {
	return &refusal{status: status, code: "invalid_grant", description: why}
}

var (
	errInvalidClient      = &refusal{status: 401, code: "invalid_client", description: "client authentication failed"}
	errUnauthorizedClient = &refusal{status: 400, code: "unauthorized_client", description: "this client may not use this grant"}
	errNotService         = &refusal{status: 403, code: "unauthorized_client", description: "only a service client may do this"}
	errUnsupportedGrant   = &refusal{status: 400, code: "unsupported_grant_type", description: "grant_type is not one that the metadata lists"}
	errNotFound           = &refusal{status: 404, code: "not_found", description: "no such endpoint"}
	errMethod             = &refusal{status: 405, code: "invalid_request", description: "method is not allowed here"}
	errBusy               = &refusal{status: 503, code: "temporarily_unavailable", description: "too many logins at once", wait: 2 * time.Second}
	errUnavailable        = &refusal{status: 503, code: "temporarily_unavailable", description: "the service cannot decide at present", wait: time.Second}
	errFactorMissing      = &refusal{status: 403, code: "second_factor_required", description: "the password is right; send a code of the second factor as otp beside it"}
	errLogin              = &refusal{status: 401, scheme: "Bearer", code: "invalid_grant", description: "id or password is wrong"}
)

func tooMany(wait time.Duration) error {
	return &refusal{status: 429, code: "slow_down", description: "too many failed logins", wait: wait}
}

// refused is what the caller is told of err. What is no refusal is a failure
// of ours: the caller learns that, and no more.
func refused(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	switch {
	case errors.Is(err, account.ErrBusy):
		return errBusy
	case errors.Is(err, account.ErrPasswordLength):
		return &refusal{status: 400, code: "invalid_request", description: account.ErrPasswordLength.Error()}
	}
	return errUnavailable
}

// fail answers with err.
func (s *Service) fail(ctx *fasthttp.RequestCtx, err error) (outcome string) {
	r := refused(err)
	if r == errUnavailable {
		s.log.Error("request failed", "path", string(ctx.Path()), "error", err)
	}
	answerRefusal(ctx, r)
	return r.code
}

// forServices are the endpoints that no page in a browser asks.
var forServices = map[string]bool{"/oauth2/introspect": true, "/revocations": true}

func answerRefusal(ctx *fasthttp.RequestCtx, r *refusal) {
	body, err := json.Marshal(struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}{r.code, r.description})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	h := &ctx.Response.Header
	switch {
	case r.scheme != "":
		challenge := r.scheme + ` realm="tollgate"`
		if r.code != "" {
			challenge += `, error="` + r.code + `", error_description="` + r.description + `"`
		}
		h.Set("WWW-Authenticate", challenge)
	case r.status == 401 && (len(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization)) > 0 || forServices[string(ctx.Path())]):
		h.Set("WWW-Authenticate", `Basic realm="tollgate", charset="UTF-8"`)
	case r.status == 401:
		// A 401 has a challenge (RFC 9110, section 15.5.2), but to this one Basic
		// is no duty (RFC 6749, section 5.2), and a browser would open its own
		// dialog for it over the page that has asked.
		h.Set("WWW-Authenticate", `Bearer realm="tollgate"`)
	case r.status == 405:
		h.Set("Allow", allowed(string(ctx.Path())))
	}
	if r.wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((r.wait+time.Second-1)/time.Second), 10))
	}
	answerJSON(ctx, r.status, body)
}

// answerJSON answers with body, which nobody may keep: it holds tokens, or
// says what is true only now (RFC 6749, section 5.1).
func answerJSON(ctx *fasthttp.RequestCtx, status int, body []byte) {
	h := &ctx.Response.Header
	ctx.SetStatusCode(status)
	h.SetContentType("application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	ctx.SetBody(body)
}

// gone reports whether err says that something is not there, as opposed to
// not being known.
func gone(err error) bool { return errors.Is(err, store.ErrNotFound) }
