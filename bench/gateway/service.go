package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"crypto"

	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
)

const (
	issuer        = "https://issuer.bench"
	audience      = "orders"
	serviceSecret = "tgs_gateway.bench"
)

// A service is a security service that vouches for all it has issued.
type service struct {
	*httptest.Server
	access, answers *jwt.Signer
	rsa             *rsa.PrivateKey
	ecdsa           *ecdsa.PrivateKey
	keys            []byte
	mu              sync.Mutex
	claims          map[string]map[string]any
	n               int
}

func newService() (*service, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	s := &service{claims: map[string]map[string]any{}}
	if s.access, err = jwt.NewSigner("k1", key, "at+jwt"); err != nil {
		return nil, err
	}
	if s.answers, err = jwt.NewSigner("k1", key, "token-introspection+jwt"); err != nil {
		return nil, err
	}
	if s.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	if s.ecdsa, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	if s.keys, err = keyset.Marshal(keyset.Public{ID: "k1", Key: key.Public()}); err != nil {
		return nil, err
	}
	s.Server = httptest.NewServer(s)
	return s, nil
}

func (s *service) newClaims() map[string]any {
	s.n++
	now := time.Now().Unix()
	return map[string]any{
		"iss": issuer, "aud": audience, "sub": fmt.Sprintf("customer-%d", s.n), "client_id": "first-party",
		"jti": fmt.Sprintf("01j9z3q4x5y6w7v8u9t0-%08d", s.n), "sid": fmt.Sprintf("session-%08d", s.n),
		"iat": now, "exp": now + 7200, "scope": "orders.read orders.write", "roles": []string{"customer"},
	}
}

// jwts issues n tokens that differ.
func (s *service) jwts(n int, alg string) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		payload, err := json.Marshal(s.newClaims())
		if err != nil {
			panic("BUG: claims are not JSON: " + err.Error())
		}
		if alg == "EdDSA" {
			list[i] = s.access.Append(nil, payload)
		} else {
			list[i] = s.rs256(payload)
		}
	}
	return list
}

// rs256 signs what HAProxy can verify.
func (s *service) rs256(payload []byte) []byte {
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"at+jwt"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	digest := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.rsa, crypto.SHA256, digest[:])
	if err != nil {
		panic("BUG: signing: " + err.Error())
	}
	return []byte(signed + "." + base64.RawURLEncoding.EncodeToString(sig))
}

// opaque issues n tokens that say nothing.
func (s *service) opaque(n int) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([][]byte, n)
	for i := range list {
		c := s.newClaims()
		list[i] = fmt.Appendf(nil, "tg_%08d-0000-4000-8000-000000000000", s.n)
		s.claims[string(list[i])] = c
	}
	return list
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/.well-known/jwks.json":
		w.Write(s.keys)
	case "/revocations":
		if r.FormValue("after") != "" {
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
		}
		fmt.Fprint(w, `{"events":[],"next":"e-0","reset":true}`)
	case "/oauth2/introspect":
		s.introspect(w, r)
	case "/auth": // what nginx asks
		w.Header().Set("X-Auth-Subject", "customer-1")
		w.Header().Set("Cache-Control", "max-age=3600")
	default:
		http.NotFound(w, r)
	}
}

func (s *service) introspect(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	c, ok := s.claims[r.FormValue("token")]
	s.mu.Unlock()
	answer := map[string]any{"active": ok}
	for k, v := range c {
		answer[k] = v
	}
	if r.Header.Get("Accept") != "application/token-introspection+jwt" {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(answer)
		return
	}
	if ok {
		payload, _ := json.Marshal(c)
		answer["phantom_token"] = string(s.access.Append(nil, payload))
	}
	signed, err := s.answers.Sign(map[string]any{"iss": issuer, "aud": "gateway", "iat": time.Now().Unix(), "token_introspection": answer})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/token-introspection+jwt")
	w.Write(signed)
}
