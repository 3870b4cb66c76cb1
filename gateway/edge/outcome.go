package edge

import (
	"errors"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/gateway/internal/wire"
)

// An Outcome is what becomes of a request.
type Outcome uint8

// The outcomes. The zero value is a refusal.
const (
	forbidden      Outcome = iota // no route allows this
	Allowed                       // may be forwarded, and was
	Anonymous                     // no credentials
	InvalidToken                  // a token that is not accepted
	InvalidClient                 // a client's credentials that are not accepted
	wrongRole                     // the route wants another role
	wrongScope                    // the route wants more scopes
	wrongLogin                    // the route wants another login (RFC 9470)
	wrongCondition                // the route's condition does not hold
	Unavailable                   // who it is cannot be found out now
	Limited                       // too many requests
	noUpgrade                     // the route allows no WebSocket
	preflight                     // of CORS, answered here
	crossSite                     // a cookie's token, and no proof that a page of this site sends it

	badRequest    // the request has more than one reading
	headTooLarge  // 431
	targetTooLong // 414
	bodyTooLarge  // 413
	tooSlow       // 408
	badExpect     // 417
	badMethod     // 405
	badUpstream   // 502
	slowUpstream  // 504
	fullUpstream  // 503
	Served        // answered by the gateway itself
	clientGone    // the client has left before the answer began

	numOutcomes
)

// An answer is what an outcome looks like to the client.
type answer struct {
	status    int
	reason    string
	label     string // in metrics and logs
	code      string // the error of the JSON body, and of the challenge
	text      string // error_description
	challenge string // WWW-Authenticate
	retry     string // Retry-After, in seconds
	hangUp    bool   // the connection ends: nobody knows where the next request begins
}

// The challenges of RFC 6750, section 3. A request without credentials is told
// no error (section 3.1); a token that is not accepted is never told why.
const (
	challengeBare  = "Bearer"
	challengeToken = `Bearer error="invalid_token", error_description="the access token is not valid"`
	challengeScope = `Bearer error="insufficient_scope"`
	challengeBasic = `Basic realm="tollgate", charset="UTF-8"`
)

var answers = [numOutcomes]answer{
	Allowed: {label: "forwarded"},
	Served:  {label: "served"},
	// Nobody is told anything: status 0 in the log, and no response in the metrics.
	clientGone: {label: "client_gone"},
	Anonymous: {status: 401, reason: "Unauthorized", label: "anonymous", code: "unauthenticated",
		text: "credentials are required", challenge: challengeBare},
	InvalidToken: {status: 401, reason: "Unauthorized", label: "invalid_token", code: "invalid_token",
		text: "the access token is not valid", challenge: challengeToken},
	InvalidClient: {status: 401, reason: "Unauthorized", label: "invalid_client", code: "invalid_client",
		text: "the client credentials are not valid", challenge: challengeBasic},
	forbidden: {status: 403, reason: "Forbidden", label: "forbidden", code: "insufficient_scope",
		text: "no route allows this request", challenge: challengeScope},
	wrongRole: {status: 403, reason: "Forbidden", label: "wrong_role", code: "insufficient_scope",
		text: "the caller has none of the roles required", challenge: challengeScope},
	wrongScope: {status: 403, reason: "Forbidden", label: "wrong_scope", code: "insufficient_scope",
		text: "the token has not the scopes required", challenge: challengeScope},
	wrongLogin: {status: 401, reason: "Unauthorized", label: "wrong_login", code: "insufficient_user_authentication",
		text: "another login is required"},
	wrongCondition: {status: 403, reason: "Forbidden", label: "wrong_condition", code: "insufficient_scope",
		text: "the route's condition does not hold", challenge: challengeScope},
	crossSite: {status: 403, reason: "Forbidden", label: "cross_site", code: "cross_site",
		text: "a request with a cookie has to come from a page of this site"},
	preflight: {status: 204, reason: "No Content", label: "preflight"},
	noUpgrade: {status: 403, reason: "Forbidden", label: "no_upgrade", code: "upgrade_refused",
		text: "this route does not upgrade connections"},
	Unavailable: {status: 503, reason: "Service Unavailable", label: "unavailable", code: "temporarily_unavailable",
		text: "the request cannot be authenticated at the moment", retry: "1"},
	Limited: {status: 429, reason: "Too Many Requests", label: "limited", code: "slow_down",
		text: "too many requests", retry: "1"},

	badRequest: {status: 400, reason: "Bad Request", label: "bad_request", code: "invalid_request",
		text: "the request is malformed", hangUp: true},
	headTooLarge: {status: 431, reason: "Request Header Fields Too Large", label: "head_too_large", code: "invalid_request",
		text: "the request head is too large", hangUp: true},
	targetTooLong: {status: 414, reason: "URI Too Long", label: "target_too_long", code: "invalid_request",
		text: "the request target is too long", hangUp: true},
	bodyTooLarge: {status: 413, reason: "Content Too Large", label: "body_too_large", code: "invalid_request",
		text: "the request body is too large", hangUp: true},
	tooSlow: {status: 408, reason: "Request Timeout", label: "too_slow", code: "invalid_request",
		text: "the request did not arrive in time", hangUp: true},
	badExpect: {status: 417, reason: "Expectation Failed", label: "bad_expect", code: "invalid_request",
		text: "only 100-continue can be expected", hangUp: true},
	badMethod: {status: 405, reason: "Method Not Allowed", label: "bad_method", code: "invalid_request",
		text: "this path does not take that method"},
	badUpstream: {status: 502, reason: "Bad Gateway", label: "bad_upstream", code: "bad_gateway",
		text: "the service gave no valid answer"},
	slowUpstream: {status: 504, reason: "Gateway Timeout", label: "slow_upstream", code: "gateway_timeout",
		text: "the service did not answer in time"},
	fullUpstream: {status: 503, reason: "Service Unavailable", label: "full_upstream", code: "temporarily_unavailable",
		text: "the service takes no more requests", retry: "1"},
}

// refusal is the outcome of a head that package wire does not accept.
func refusal(err error) Outcome {
	switch {
	case errors.Is(err, wire.ErrTooLarge):
		return headTooLarge
	case errors.Is(err, wire.ErrTooLong):
		return targetTooLong
	}
	return badRequest
}

// A reply is an answer to one request.
type reply struct {
	outcome   Outcome
	challenge string        // instead of the outcome's own
	allow     string        // Allow (RFC 9110, section 10.2.1)
	metadata  string        // where those of the resource are (RFC 9728)
	wait      time.Duration // instead of the outcome's own Retry-After
	basic     bool          // offer Basic beside it
	requestID string
	close     bool
	keepAlive bool // said to HTTP/1.0, where it is not the rule
	head      bool // to a HEAD request: no body
}

// appendHead adds the head of the reply as it goes over the wire, without the line
// that ends it; appendBody adds the rest.
func (r *reply) appendHead(dst []byte) []byte {
	a := &answers[r.outcome]
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(a.status), 10)
	dst = append(dst, ' ')
	dst = append(dst, a.reason...)
	dst = append(dst, "\r\nDate: "...) // RFC 9110, section 6.6.1: whoever has a clock tells it
	dst = fasthttp.AppendHTTPDate(dst, time.Now())
	dst = append(dst, "\r\n"...)
	if a.code != "" {
		dst = append(dst, "Content-Type: application/json\r\n"...)
	}
	dst = append(dst, "Cache-Control: no-store\r\n"...)
	challenge := a.challenge
	if r.challenge != "" {
		challenge = r.challenge
	}
	dst = appendField(dst, "WWW-Authenticate: ", withMetadata(challenge, r.metadata))
	if r.basic {
		dst = appendField(dst, "WWW-Authenticate: ", challengeBasic)
	}
	dst = appendField(dst, "Allow: ", r.allow)
	dst = appendField(dst, "Retry-After: ", a.retryAfter(r.wait))
	dst = appendField(dst, "X-Request-Id: ", r.requestID)
	if r.close || a.hangUp {
		dst = append(dst, "Connection: close\r\n"...)
	} else if r.keepAlive {
		dst = append(dst, "Connection: keep-alive\r\n"...)
	}
	if a.code == "" {
		return dst
	}
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(bodyOpen)+len(a.code)+len(bodyMiddle)+len(a.text)+len(bodyEnd)), 10)
	return append(dst, "\r\n"...)
}

// appendBody ends the head of the reply and adds its body.
func (r *reply) appendBody(dst []byte) []byte {
	a := &answers[r.outcome]
	dst = append(dst, "\r\n"...)
	if r.head || a.code == "" {
		return dst
	}
	return a.appendBody(dst)
}

// retryAfter is the value of Retry-After: the outcome's own, or where it is known
// how long it takes, that time in whole seconds.
func (a *answer) retryAfter(wait time.Duration) string {
	if wait <= time.Second {
		return a.retry
	}
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}

// The body of an answer is that of RFC 6749, section 5.2. Code and text are
// constants that need no escaping.
const (
	bodyOpen   = `{"error":"`
	bodyMiddle = `","error_description":"`
	bodyEnd    = "\"}\n"
)

func (a *answer) appendBody(dst []byte) []byte {
	dst = append(dst, bodyOpen...)
	dst = append(dst, a.code...)
	dst = append(dst, bodyMiddle...)
	dst = append(dst, a.text...)
	return append(dst, bodyEnd...)
}

// appendField adds "Name: value" where there is a value.
func appendField(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, name...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}
