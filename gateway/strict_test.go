package gateway

import (
	"strings"
	"testing"
)

// Raw bytes on a socket, one rule each; nothing of them reaches the upstream.
func TestRefusedHeads(t *testing.T) {
	w := newWorld(t, ModeJWT, nil)
	token := w.service.token(ModeJWT, w.service.claims("customer-1", "admin"))
	const host = "Host: a\r\n"
	f := func(status int, head string) {
		t.Helper()
		w.upstream.forget()
		head = strings.ReplaceAll(head, "TOKEN", "Authorization: Bearer "+token+"\r\n")
		res := w.raw(head)
		if res.StatusCode != status || !res.Close {
			t.Errorf("%q: status %d, close %v; want %d and a closed connection", head, res.StatusCode, res.Close, status)
		}
		if sent := w.upstream.sent(); sent != "" {
			t.Errorf("%q reached the upstream:\n%s", head, sent)
		}
	}
	// Content-Length beside Transfer-Encoding
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	// two lengths, even if they agree; lists; signs; spaces
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc")
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENContent-Length: 3, 3\r\n\r\nabc")
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENContent-Length: +3\r\n\r\nabc")
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENContent-Length: \r\n\r\n")
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENContent-Length: 3 3\r\n\r\nabc")
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENContent-Length: 99999999999999999999\r\n\r\nabc")
	// codings other than chunked alone
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENTransfer-Encoding: identity\r\n\r\n")
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n")
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	f(400, "POST /orders HTTP/1.0\r\n"+host+"TOKENTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
	// folded lines
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENX: a\r\n b\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENX: a\r\n\tb\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n X: a\r\n"+host+"TOKEN\r\n")
	// bare LF, bare CR, NUL and other control bytes
	f(400, "GET /orders HTTP/1.1\n"+host+"TOKEN\r\n")
	f(400, "GET /orders HTTP/1.1\r\nHost: a\nX: b\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENX: a\nY: b\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENX: a\rY: b\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKEN\n\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENX: a\x00b\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENX: a\x7fb\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENX: abcdefgh\x1b12345678\r\n\r\n")
	f(400, "\r\nGET /orders HTTP/1.1\r\n"+host+"TOKEN\r\n")
	// field names
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENX Y: a\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENX : a\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKEN: a\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENnocolon\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENX\x80: a\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENX-Auth Subject: a\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENX(Y): a\r\n\r\n")
	// fields of which there may be one
	f(400, "GET /orders HTTP/1.1\r\n"+host+host+"TOKEN\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENTOKEN\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"X-API-Key: a\r\nX-API-Key: b\r\n\r\n")
	// Host
	f(400, "GET /orders HTTP/1.1\r\nTOKEN\r\n")
	f(400, "GET /orders HTTP/1.1\r\nHost:\r\nTOKEN\r\n")
	f(400, "GET /orders HTTP/1.1\r\nHost: a/b\r\nTOKEN\r\n")
	f(400, "GET /orders HTTP/1.1\r\nHost: a b\r\nTOKEN\r\n")
	f(400, "GET /orders HTTP/1.1\r\nHost: user@a\r\nTOKEN\r\n")
	// versions
	f(400, "GET /orders HTTP/9.9\r\n"+host+"TOKEN\r\n")
	f(400, "GET /orders HTTP/1.2\r\n"+host+"TOKEN\r\n")
	f(400, "GET /orders HTTP/2.0\r\n"+host+"TOKEN\r\n")
	f(400, "GET /orders http/1.1\r\n"+host+"TOKEN\r\n")
	f(400, "GET /orders\r\n"+host+"TOKEN\r\n")
	f(400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	// request lines
	f(400, "GET  /orders HTTP/1.1\r\n"+host+"TOKEN\r\n")
	f(400, "GET /orders  HTTP/1.1\r\n"+host+"TOKEN\r\n")
	f(400, "GET\t/orders HTTP/1.1\r\n"+host+"TOKEN\r\n")
	f(400, "G@T /orders HTTP/1.1\r\n"+host+"TOKEN\r\n")
	f(400, "GET /orders /x HTTP/1.1\r\n"+host+"TOKEN\r\n")
	// Connection and Trailer name what is not theirs
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENConnection: X-Auth-Subject\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENConnection: close, x_auth.roles\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENConnection: authorization\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENConnection: host\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENConnection: x-forwarded-for\r\n\r\n")
	f(400, "GET /orders HTTP/1.1\r\n"+host+"TOKENTrailer: X-Auth-Subject\r\n\r\n")
	f(400, "POST /orders HTTP/1.1\r\n"+host+"TOKENTransfer-Encoding: chunked\r\nTrailer: x_auth_roles\r\n\r\n0\r\n\r\n")
	// targets
	f(400, "GET http://b/orders HTTP/1.1\r\n"+host+"TOKEN\r\n")
	f(400, "GET ftp://a/orders HTTP/1.1\r\n"+host+"TOKEN\r\n")
	f(400, "CONNECT a:443 HTTP/1.1\r\n"+host+"TOKEN\r\n")
	f(400, "GET * HTTP/1.1\r\n"+host+"TOKEN\r\n")
	f(400, "GET orders HTTP/1.1\r\n"+host+"TOKEN\r\n")
	f(400, "GET /orders#x HTTP/1.1\r\n"+host+"TOKEN\r\n")
	f(400, "GET /orders?\x80 HTTP/1.1\r\n"+host+"TOKEN\r\n")
	// what is too large
	f(431, "GET /orders HTTP/1.1\r\n"+host+"TOKEN"+strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 20)+"\r\n")
	f(431, "GET /orders HTTP/1.1\r\n"+host+"TOKEN"+strings.Repeat("X: a\r\n", 101)+"\r\n")
	f(414, "GET /orders/"+strings.Repeat("a", 9000)+" HTTP/1.1\r\n"+host+"TOKEN\r\n")
	// what is expected
	f(417, "POST /orders HTTP/1.1\r\n"+host+"TOKENExpect: a miracle\r\nContent-Length: 1\r\n\r\n")
}
