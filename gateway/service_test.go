package gateway

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/introspect/client"
)

const (
	testIssuer   = "https://issuer.test"
	testAudience = "orders"
)

// A service is a security service of the tests: it vouches for whatever it is
// told to.
type service struct {
	*httptest.Server
	t        testing.TB
	access   *jwt.Signer
	answers  *jwt.Signer
	keys     []byte
	asked    atomic.Int64 // introspections
	issued   atomic.Int64 // client_credentials
	down     atomic.Bool
	secret   atomic.Pointer[string]           // the gateway's, instead of tgs_gateway.secret
	instead  atomic.Pointer[http.HandlerFunc] // of what introspection would say
	mu       sync.Mutex
	tokens   map[string]map[string]any // opaque token -> claims
	revoked  []client.Event
	wake     chan struct{}
	lastFrom string // X-Forwarded-For of the last login
	lastAuth string // Authorization of the last login
}

func newService(t testing.TB) *service {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, t.Name())
	key := ed25519.NewKeyFromSeed(seed)
	s := &service{t: t, tokens: map[string]map[string]any{}, wake: make(chan struct{})}
	var err error
	if s.access, err = jwt.NewSigner("k1", key, "at+jwt"); err != nil {
		t.Fatal(err)
	}
	if s.answers, err = jwt.NewSigner("k1", key, typeIntrospection); err != nil {
		t.Fatal(err)
	}
	s.keys, err = keyset.Marshal(keyset.Public{ID: "k1", Key: key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// claims are those of a caller with these roles.
func (s *service) claims(sub, roles string) map[string]any {
	now := time.Now().Unix()
	return map[string]any{
		"iss": testIssuer, "aud": testAudience, "sub": sub, "client_id": "first-party",
		"jti": fmt.Sprintf("%s-%d", sub, s.issued.Add(1)), "sid": "s-" + sub, "iat": now, "exp": now + 600,
		"scope": "orders.read orders.write", "roles": strings.Fields(roles),
	}
}

func (s *service) sign(c map[string]any) string {
	token, err := s.access.Sign(c)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(token)
}

// token issues a token in the form of mode.
func (s *service) token(mode string, c map[string]any) string {
	if mode == ModeJWT {
		return s.sign(c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token := fmt.Sprintf("tg_%08d-0000-4000-8000-000000000000", len(s.tokens))
	s.tokens[token] = c
	return token
}

// revoke puts an event into the feed.
func (s *service) revoke(kind, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = append(s.revoked, client.Event{
		Cursor: fmt.Sprintf("e-%d", len(s.revoked)+1), Kind: kind, ID: id, Expires: time.Now().Unix() + 900,
		Before: time.Now().Unix(),
	})
	close(s.wake)
	s.wake = make(chan struct{})
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.down.Load() {
		panic(http.ErrAbortHandler)
	}
	say := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(v)
	}
	id, secret, _ := r.BasicAuth()
	ours := id == "gateway" && secret == "tgs_gateway.secret"
	if other := s.secret.Load(); other != nil {
		ours = id == "gateway" && secret == *other
	}
	switch r.URL.Path {
	case "/.well-known/jwks.json":
		w.Write(s.keys)
	case "/login":
		s.mu.Lock()
		s.lastFrom, s.lastAuth = r.Header.Get("X-Forwarded-For"), r.Header.Get("Authorization")
		s.mu.Unlock()
		if !ours {
			say(401, map[string]any{"error": "invalid_client"})
			return
		}
		if r.FormValue("password") != "right" {
			say(401, map[string]any{"error": "invalid_grant"})
			return
		}
		say(200, map[string]any{"access_token": s.sign(s.claims(r.FormValue("id"), "customer")), "token_type": "Bearer", "expires_in": 600})
	case "/oauth2/token":
		if secret != "tgs_"+id+".good" {
			say(401, map[string]any{"error": "invalid_client"})
			return
		}
		time.Sleep(20 * time.Millisecond) // so that concurrent first requests meet
		c := s.claims(id, "auditor")
		c["client_id"] = id
		mode := ModeOpaque
		if strings.HasPrefix(id, "jwt-") {
			mode = ModeJWT
		}
		say(200, map[string]any{"access_token": s.token(mode, c), "token_type": "Bearer", "expires_in": 600})
	case "/oauth2/revoke":
		if !ours {
			say(401, map[string]any{"error": "invalid_client"})
			return
		}
		s.revokeToken(r.FormValue("token"))
	case "/oauth2/introspect":
		s.asked.Add(1)
		if h := s.instead.Load(); h != nil {
			r.ParseForm() // with the body unread, nobody looks whether the client is there
			(*h)(w, r)
			return
		}
		if !ours {
			say(401, map[string]any{"error": "invalid_client"})
			return
		}
		s.introspect(w, r)
	case "/revocations":
		if !ours {
			say(401, map[string]any{"error": "invalid_client"})
			return
		}
		s.feed(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *service) revokeToken(token string) {
	s.mu.Lock()
	c, ok := s.tokens[token]
	delete(s.tokens, token)
	s.mu.Unlock()
	if !ok {
		t, err := jwt.Parse([]byte(token))
		if err != nil || json.Unmarshal(t.Payload, &c) != nil {
			return
		}
	}
	s.revoke("session", c["sid"].(string))
}

func (s *service) introspect(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	c, ok := s.tokens[r.FormValue("token")]
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
		answer["phantom_token"] = s.sign(c)
	}
	signed, err := s.answers.Sign(map[string]any{
		"iss": testIssuer, "aud": "gateway", "iat": time.Now().Unix(), "token_introspection": answer,
	})
	if err != nil {
		s.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/token-introspection+jwt")
	w.Write(signed)
}

func (s *service) feed(w http.ResponseWriter, r *http.Request) {
	var n int
	_, err := fmt.Sscanf(r.FormValue("after"), "e-%d", &n)
	s.mu.Lock()
	events, wake := s.revoked[n:], s.wake
	s.mu.Unlock()
	if err == nil && len(events) == 0 {
		select {
		case <-wake:
		case <-time.After(100 * time.Millisecond):
		case <-r.Context().Done():
		}
		s.mu.Lock()
		events = s.revoked[n:]
		s.mu.Unlock()
	}
	json.NewEncoder(w).Encode(client.Batch{Events: events, Next: fmt.Sprintf("e-%d", n+len(events)), Reset: err != nil})
}
