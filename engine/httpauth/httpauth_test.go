package httpauth_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/httpauth"
)

// tokens is a Verifier that knows two good tokens and why others are bad.
type tokens struct{}

func (tokens) Verify(token []byte) (*claims.Claims, error) {
	switch string(token) {
	case "customer":
		return claims.New(claims.Values{Subject: "customer-1", Roles: []string{"customer"}, Scopes: []string{"read"}}), nil
	case "admin":
		return claims.New(claims.Values{Subject: "admin-1", Roles: []string{"admin"}, Scopes: []string{"read", "write"}}), nil
	case "expired":
		return nil, fmt.Errorf("at the test: %w", engine.ErrExpired)
	case "revoked":
		return nil, engine.ErrRevoked
	}
	return nil, engine.ErrSignature
}

// answer is what a test looks at of an HTTP answer.
type answer struct {
	status    int
	challenge string
	body      string
}

// ask sends raw header lines to a server at address.
func ask(t *testing.T, address string, lines ...string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	head := "GET / HTTP/1.1\r\nHost: service\r\nConnection: close\r\n"
	for _, line := range lines {
		head += line + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		if got := res.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control of a refusal is %q", got)
		}
		if got := res.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("Content-Type of a refusal is %q", got)
		}
	}
	return answer{res.StatusCode, res.Header.Get("WWW-Authenticate"), string(body)}
}

// describe is the answer of every handler here to the caller it was given.
func describe(c *claims.Claims) string {
	return fmt.Sprintf("%s as %s of %s may %s by %s", c.Subject(), c.RoleList(), c.ClientID(), c.ScopeList(), c.TokenID())
}

// serve serves auth and p by both kinds of server and returns their addresses.
func serve(t *testing.T, auth *httpauth.Auth, p httpauth.Permission) map[string]string {
	t.Helper()
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	std, fast := listen(), listen()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, describe(httpauth.Caller(r.Context())))
	})
	server := &http.Server{Handler: auth.Handler(p.Handler(handler))}
	go server.Serve(std)
	t.Cleanup(func() { server.Close() })
	go fasthttp.Serve(fast, auth.FastHTTP(p.FastHTTP(func(ctx *fasthttp.RequestCtx) {
		ctx.WriteString(describe(httpauth.Caller(ctx)))
	})))
	return map[string]string{"net/http": std.Addr().String(), "fasthttp": fast.Addr().String()}
}

const (
	bare      = "Bearer"
	invalid   = `Bearer error="invalid_token", error_description="The access token is not valid"`
	expired   = `Bearer error="invalid_token", error_description="The access token expired"`
	ambiguous = `Bearer error="invalid_request", error_description="The credentials are ambiguous"`
	forbidden = `Bearer error="insufficient_scope", error_description="The access token does not permit this"`
)

func TestVerify(t *testing.T) {
	for kind, address := range serve(t, httpauth.Verify(tokens{}), httpauth.Permission{}) {
		f := func(status int, challenge, body string, lines ...string) {
			t.Helper()
			want := answer{status, challenge, body}
			if got := ask(t, address, lines...); got != want {
				t.Errorf("%s: %q: got %+v, want %+v", kind, lines, got, want)
			}
		}
		f(200, "", "customer-1 as customer of  may read by ", "Authorization: Bearer customer")
		// RFC 9110, section 11.1: the scheme's case does not matter
		f(200, "", "customer-1 as customer of  may read by ", "authorization: bEARER  customer")
		// no credentials, or others
		f(401, bare, `{"error":"unauthorized"}`+"\n")
		f(401, bare, `{"error":"unauthorized"}`+"\n", "Authorization: Basic Zm9vOmJhcg==")
		f(401, bare, `{"error":"unauthorized"}`+"\n", "Authorization: Bearertoken customer")
		// identity headers are nothing to a service that verifies
		f(401, bare, `{"error":"unauthorized"}`+"\n", "X-Auth-Subject: admin-1", "X-Auth-Roles: admin")
		// a bad token, without the reason
		f(401, invalid, `{"error":"invalid_token","error_description":"The access token is not valid"}`+"\n", "Authorization: Bearer forged")
		f(401, invalid, `{"error":"invalid_token","error_description":"The access token is not valid"}`+"\n", "Authorization: Bearer revoked")
		f(401, invalid, `{"error":"invalid_token","error_description":"The access token is not valid"}`+"\n", "Authorization: Bearer")
		f(401, invalid, `{"error":"invalid_token","error_description":"The access token is not valid"}`+"\n", "Authorization: Bearer customer admin")
		f(401, expired, `{"error":"invalid_token","error_description":"The access token expired"}`+"\n", "Authorization: Bearer expired")
		// two are none
		f(400, ambiguous, `{"error":"invalid_request","error_description":"The credentials are ambiguous"}`+"\n",
			"Authorization: Bearer customer", "Authorization: Bearer admin")
	}
}

func TestPermission(t *testing.T) {
	f := func(p httpauth.Permission, token string, challenge string) {
		t.Helper()
		for kind, address := range serve(t, httpauth.Verify(tokens{}), p) {
			got := ask(t, address, "Authorization: Bearer "+token)
			want := http.StatusOK
			if challenge != "" {
				want = http.StatusForbidden
			}
			if got.status != want || got.challenge != challenge {
				t.Errorf("%s: %+v for %s: %+v", kind, p, token, got)
			}
		}
	}
	// any of the roles, all of the scopes
	f(httpauth.Permission{}, "customer", "")
	f(httpauth.Permission{Roles: []string{"customer", "admin"}}, "customer", "")
	f(httpauth.Permission{Roles: []string{"auditor", "admin"}}, "customer", forbidden)
	f(httpauth.Permission{Scopes: []string{"read", "write"}}, "admin", "")
	f(httpauth.Permission{Scopes: []string{"read", "write"}}, "customer", forbidden+`, scope="read write"`)
	f(httpauth.Permission{Roles: []string{"admin"}, Scopes: []string{"read"}}, "customer", forbidden+`, scope="read"`)
	f(httpauth.Permission{Roles: []string{"admin"}, Scopes: []string{"read"}}, "admin", "")
}

// A Permission without an Auth in front lets nobody through.
func TestPermissionAlone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	server := &http.Server{Handler: httpauth.Permission{}.Handler(http.NotFoundHandler())}
	go server.Serve(l)
	defer server.Close()
	if got := ask(t, l.Addr().String(), "Authorization: Bearer customer"); got.status != 401 || got.challenge != bare {
		t.Errorf("%+v", got)
	}
}

const secret = "an example secret of 32 bytes or more"

func TestTrustGateway(t *testing.T) {
	loopback := netip.MustParsePrefix("127.0.0.0/8")
	elsewhere := netip.MustParsePrefix("192.0.2.0/24")
	f := func(g httpauth.Gateway, status int, body string, lines ...string) {
		t.Helper()
		auth, err := httpauth.TrustGateway(g)
		if err != nil {
			t.Fatal(err)
		}
		for kind, address := range serve(t, auth, httpauth.Permission{}) {
			if got := ask(t, address, lines...); got.status != status || got.body != body {
				t.Errorf("%s: %q: got %+v, want %d %q", kind, lines, got, status, body)
			}
		}
	}
	identity := []string{
		"X-Auth-Subject: customer-1", "X-Auth-Client: first-party", "X-Auth-Roles: customer,beta",
		"X-Auth-Scopes: read write", "X-Auth-Token-Id: 42",
	}
	with := func(more ...string) []string { return append(more, identity...) }
	const (
		known   = "customer-1 as customer,beta of first-party may read write by 42"
		unknown = `{"error":"unauthorized"}` + "\n"
	)
	bySecret := httpauth.Gateway{Secrets: []string{strings.Repeat("old", 20), secret}}
	f(bySecret, 200, known, with("X-Auth-Gateway: "+secret)...)
	f(bySecret, 200, known, with("X-Auth-Gateway: "+strings.Repeat("old", 20))...)
	f(bySecret, 401, unknown, with("X-Auth-Gateway: "+secret+".")...)
	f(bySecret, 401, unknown, with("X-Auth-Gateway:")...)
	f(bySecret, 401, unknown, with("X-Auth-Gateway: "+secret, "X-Auth-Gateway: "+secret)...)
	f(bySecret, 401, unknown, with()...)
	// a bearer token says nothing here
	f(bySecret, 401, unknown, "Authorization: Bearer customer", "X-Auth-Gateway: "+secret)
	// on a public route the gateway names nobody
	f(bySecret, 401, unknown, "X-Auth-Gateway: "+secret)
	// twice the same header: somebody got one past the gateway
	f(bySecret, 400, `{"error":"invalid_request","error_description":"The credentials are ambiguous"}`+"\n",
		with("X-Auth-Gateway: "+secret, "X-Auth-Roles: admin")...)
	// another spelling is another header
	f(bySecret, 200, known, with("X-Auth-Gateway: "+secret, "X_Auth_Roles: admin")...)
	// empty lists
	f(bySecret, 200, "customer-1 as  of  may  by ", "X-Auth-Gateway: "+secret, "X-Auth-Subject: customer-1", "X-Auth-Roles:")

	f(httpauth.Gateway{Addresses: []netip.Prefix{elsewhere, loopback}}, 200, known, identity...)
	f(httpauth.Gateway{Addresses: []netip.Prefix{elsewhere}}, 401, unknown, identity...)
	both := httpauth.Gateway{Addresses: []netip.Prefix{loopback}, Secrets: []string{secret}}
	f(both, 200, known, with("X-Auth-Gateway: "+secret)...)
	f(both, 401, unknown, identity...)
	f(httpauth.Gateway{Addresses: []netip.Prefix{elsewhere}, Secrets: []string{secret}}, 401, unknown, with("X-Auth-Gateway: "+secret)...)
}

func TestTrustGatewayRefusesNothing(t *testing.T) {
	f := func(g httpauth.Gateway) {
		t.Helper()
		if _, err := httpauth.TrustGateway(g); err != httpauth.ErrGateway {
			t.Errorf("%d secrets, %d addresses: %v", len(g.Secrets), len(g.Addresses), err)
		}
	}
	f(httpauth.Gateway{})
	f(httpauth.Gateway{Secrets: []string{""}})
	f(httpauth.Gateway{Secrets: []string{secret, "short"}})
}

// What an Auth adds to a request on fasthttp is one allocation at most, for the
// context value.
func TestAllocations(t *testing.T) {
	c := claims.New(claims.Values{Subject: "customer-1"})
	handler := httpauth.Verify(always{c}).FastHTTP(func(ctx *fasthttp.RequestCtx) {
		if httpauth.Caller(ctx) != c {
			t.Error("not the caller")
		}
	})
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.Set("Authorization", "Bearer "+strings.Repeat("x", 500))
	if n := testing.AllocsPerRun(100, func() { handler(&ctx) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

// always verifies everything.
type always struct{ c *claims.Claims }

func (a always) Verify([]byte) (*claims.Claims, error) { return a.c, nil }
