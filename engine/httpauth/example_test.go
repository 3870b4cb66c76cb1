package httpauth_test

import (
	"crypto/ed25519"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/httpauth"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
)

// exampleEngine stands for an engine with an issuer's key set, and exampleToken for
// a token of that issuer.
func exampleEngine() (e *engine.Engine, token []byte) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	document, err := keyset.Marshal(keyset.Public{ID: "2026-11", Key: public})
	if err != nil {
		log.Fatal(err)
	}
	keys, _, err := keyset.Parse(document)
	if err != nil {
		log.Fatal(err)
	}
	e, err = engine.New(engine.Config{Issuers: []engine.Issuer{{
		Name: "https://issuer.example", Audiences: []string{"orders"}, Keys: keyset.Fixed(keys),
	}}})
	if err != nil {
		log.Fatal(err)
	}
	signer, err := jwt.NewSigner("2026-11", private, "at+jwt")
	if err != nil {
		log.Fatal(err)
	}
	token, err = signer.Sign(map[string]any{
		"iss": "https://issuer.example", "sub": "customer-1", "aud": "orders", "client_id": "first-party",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "jti": "42", "roles": []string{"customer"},
	})
	if err != nil {
		log.Fatal(err)
	}
	return e, token
}

// A service on net/http that verifies tokens itself.
func ExampleAuth_Handler() {
	e, token := exampleEngine()
	defer e.Close()
	orders := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "orders of %s", httpauth.Caller(r.Context()).Subject())
	})
	auth := httpauth.Verify(e)
	customers := httpauth.Permission{Roles: []string{"customer"}}
	handler := auth.Handler(customers.Handler(orders))

	r := httptest.NewRequest("GET", "/orders", nil)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))

	r.Header.Set("Authorization", "Bearer "+string(token))
	w = httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output:
	// 401 Bearer
	// 200 orders of customer-1
}

// The same on fasthttp.
func ExampleAuth_FastHTTP() {
	e, token := exampleEngine()
	defer e.Close()
	handler := httpauth.Verify(e).FastHTTP(func(ctx *fasthttp.RequestCtx) {
		fmt.Fprintf(ctx, "orders of %s", httpauth.Caller(ctx).Subject())
	})

	var ctx fasthttp.RequestCtx
	ctx.Request.Header.Set("Authorization", "Bearer "+string(token))
	handler(&ctx)
	fmt.Println(ctx.Response.StatusCode(), string(ctx.Response.Body()))
	// Output:
	// 200 orders of customer-1
}

// A service behind a gateway with opaque tokens, which it knows by a secret and by
// its address.
func ExampleTrustGateway() {
	auth, err := httpauth.TrustGateway(httpauth.Gateway{
		Secrets:   []string{"from a file, and of 32 bytes or more"},
		Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	})
	if err != nil {
		log.Fatal(err)
	}
	handler := auth.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "orders of %s", httpauth.Caller(r.Context()).Subject())
	}))

	r := httptest.NewRequest("GET", "/orders", nil) // from 192.0.2.1
	r.Header.Set("X-Auth-Subject", "customer-1")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code)

	r.Header.Set("X-Auth-Gateway", "from a file, and of 32 bytes or more")
	w = httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output:
	// 401
	// 200 orders of customer-1
}
