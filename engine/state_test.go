package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/engine/revocation"
)

// What was revoked is refused at once, with the claims cached, whatever it was
// revoked by; and others are not.
func TestRevocation(t *testing.T) {
	f := func(event revocation.Event) {
		t.Helper()
		i := usual(t)
		i.Keys = keyset.Fixed(snapshot(t, "k1", "k2"))
		i.Revocations = revocation.NewSet()
		i.Skew = time.Minute
		e := newEngine(t, engine.Config{Issuers: []engine.Issuer{i}})
		token := sign(t, "k1", goodClaims(nil))
		other := sign(t, "k2", goodClaims(map[string]any{
			"jti": "other", "sid": "other", "sub": "customer-2", "client_id": "other", "iat": now.Unix() + 1,
		}))
		for range 3 {
			for _, token := range [][]byte{token, other} {
				if _, err := e.Verify(token); err != nil {
					t.Fatal(err)
				}
			}
		}
		event.Expires = now.Add(1000 * time.Hour).Unix()
		i.Revocations.Apply(revocation.Batch{Events: []revocation.Event{event}})
		for range 3 {
			if _, err := e.Verify(token); !errors.Is(err, engine.ErrRevoked) {
				t.Errorf("%+v: %v", event, err)
			}
			if _, err := e.Verify(other); err != nil {
				t.Errorf("%+v: another token: %v", event, err)
			}
		}
		out := make([]engine.Verdict, 2)
		e.VerifyBatch([][]byte{token, other}, out)
		if !errors.Is(out[0].Err, engine.ErrRevoked) || out[1].Err != nil {
			t.Errorf("%+v: batch: %v", event, out)
		}
	}
	f(revocation.Event{Kind: revocation.Token, ID: "3f0c9e6e-6d5f-4c1e-9f3a-0d8f5b7f6a11"})
	f(revocation.Event{Kind: revocation.Session, ID: "9b2f1c"})
	f(revocation.Event{Kind: revocation.Subject, ID: "customer-1", Before: now.Unix() - 60})
	f(revocation.Event{Kind: revocation.Client, ID: "first-party", Before: now.Unix() - 60})
	f(revocation.Event{Kind: revocation.Key, ID: "k1"})
}

// A cached token is refused from its exp on, to the millisecond, and an earlier
// time does not bring it back wrongly.
func TestExpiryWarm(t *testing.T) {
	i := usual(t)
	i.Skew = 5 * time.Second
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{i}})
	token := sign(t, "k1", goodClaims(map[string]any{"nbf": now.Unix()}))
	end := now.Add(605 * time.Second)
	for _, at := range []struct {
		time time.Time
		want error
	}{
		{now, nil}, {now, nil}, {end.Add(-time.Millisecond), nil}, {end, engine.ErrExpired}, {end, engine.ErrExpired},
		{now.Add(-5 * time.Second), nil}, {now.Add(-5001 * time.Millisecond), engine.ErrNotYetValid}, {now, nil},
	} {
		if _, err := e.VerifyAt(token, at.time); !errors.Is(err, at.want) {
			t.Errorf("at %v: %v, want %v", at.time, err, at.want)
		}
	}
	if hits := e.CacheStats().Hits; hits != 7 {
		t.Errorf("%d of the last 7 were answered from the cache", hits)
	}
}

// Claims are cached for the very bytes that were verified.
func TestCacheComparesTheWholeToken(t *testing.T) {
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{usual(t)}})
	good := sign(t, "k1", goodClaims(nil))
	admin := sign(t, "k1", goodClaims(map[string]any{"sub": "admin-1"}))
	if _, err := e.Verify(good); err != nil {
		t.Fatal(err)
	}
	// the payload of one with the signature of the other, which is all that is hashed
	forged := append(append([]byte{}, admin[:len(admin)-86]...), good[len(good)-86:]...)
	if c, err := e.Verify(forged); !errors.Is(err, engine.ErrSignature) {
		t.Errorf("%v, %v", c, err)
	}
}

// rotating is a Source whose keys a test changes.
type rotating struct {
	mu      sync.Mutex
	body    []byte
	version int
}

func (r *rotating) publish(t testing.TB, names ...string) {
	t.Helper()
	var keys []keyset.Public
	for _, name := range names {
		keys = append(keys, keyset.Public{ID: name, Key: privateKey(name).Public()})
	}
	body, err := keyset.Marshal(keys...)
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.body = body
	r.version++
}

func (r *rotating) Fetch(context.Context, string) (keyset.Document, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return keyset.Document{Body: r.body, ETag: fmt.Sprint(r.version)}, nil
}

// Fifty rotations, each with the next key published before it is used and the last
// one kept while tokens under it live: under load no token is refused that should
// not be. And once a key is retired, its tokens are refused, cached or not.
func TestRotations(t *testing.T) {
	source := &rotating{}
	source.publish(t, "rotation-0")
	keys := keyset.New(source, keyset.Options{Cooldown: time.Nanosecond})
	if err := keys.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{{Name: issuerName, Audiences: []string{audience}, Keys: keys}}})

	tokensOf := func(key string) [][]byte {
		var list [][]byte
		for i := range 20 {
			list = append(list, sign(t, key, goodClaims(map[string]any{"jti": fmt.Sprint(key, i)})))
		}
		return list
	}
	last := tokensOf("rotation-0")
	var mu sync.RWMutex // held for reading during a pass, so that nobody is at a token that has been taken away
	current := last     // tokens that must be good
	use := func(tokens ...[]byte) {
		mu.Lock()
		defer mu.Unlock()
		current = tokens
	}
	var wg sync.WaitGroup
	var stop atomic.Bool
	var verified atomic.Int64
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				mu.RLock()
				for _, token := range current {
					if _, err := e.Verify(token); err != nil {
						t.Errorf("a good token was refused: %v", err)
						stop.Store(true)
					}
					verified.Add(1)
				}
				mu.RUnlock()
			}
		})
	}
	const rotations = 50
	for n := 1; n <= rotations && !t.Failed(); n++ {
		key, before := fmt.Sprint("rotation-", n), fmt.Sprint("rotation-", n-1)
		source.publish(t, before, key)
		// no refresh: the first token under the new key causes it, whoever has it
		next := tokensOf(key)
		use(slices.Concat(last, next)...)
		for _, token := range next {
			if _, err := e.Verify(token); err != nil {
				t.Errorf("rotation %d: %v", n, err)
			}
		}
		use(next...)
		source.publish(t, key)
		if err := keys.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, token := range last {
			if _, err := e.Verify(token); !errors.Is(err, engine.ErrUnknownKey) {
				t.Errorf("rotation %d: a token under a retired key: %v", n, err)
			}
		}
		last = next
	}
	stop.Store(true)
	wg.Wait()
	if s := e.CacheStats(); s.Hits < uint64(verified.Load())/2 {
		t.Errorf("%+v of %d: the cache was not warm", s, verified.Load())
	}
}

// A key that comes back under its old name with another value verifies nothing
// the old one did.
func TestKeyReplaced(t *testing.T) {
	source := &rotating{}
	source.publish(t, "k1")
	keys := keyset.New(source, keyset.Options{Cooldown: time.Hour})
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{{Name: issuerName, Keys: keys}}})
	token := sign(t, "k1", goodClaims(nil))
	for range 3 {
		if _, err := e.Verify(token); err != nil {
			t.Fatal(err)
		}
	}
	body, err := keyset.Marshal(keyset.Public{ID: "k1", Key: privateKey("another").Public()})
	if err != nil {
		t.Fatal(err)
	}
	source.mu.Lock()
	source.body = body
	source.version++
	source.mu.Unlock()
	if err := keys.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := e.Verify(token); !errors.Is(err, engine.ErrSignature) {
			t.Error(err)
		}
	}
}

// A million bad tokens, each another, take no memory and leave the good ones in
// the cache.
func TestFlood(t *testing.T) {
	i := usual(t)
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{i}, CacheBytes: 4 << 20})
	var good [][]byte
	for n := range 500 {
		good = append(good, sign(t, "k1", goodClaims(map[string]any{"jti": fmt.Sprint(n)})))
	}
	verify := func() {
		for _, token := range good {
			if _, err := e.Verify(token); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 3 {
		verify()
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	hits := e.CacheStats().Hits

	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	bad := append([]byte{}, good[0]...)
	count := 1_000_000
	if testing.Short() || raceDetector {
		count = 20_000
	}
	for n := range count {
		copy(bad, good[n%len(good)])
		if n%50 == 0 {
			// a signature that is not right: the dear kind
			for j := range 5 {
				bad[len(bad)-80+j] = alphabet[n>>(6*j)&63]
			}
		} else {
			// a header that is none
			for j := range 5 {
				bad[10+j] = alphabet[n>>(6*j)&63]
			}
			bad[0] = 'f'
		}
		if _, err := e.Verify(bad); err == nil {
			t.Fatalf("accepted %s", bad)
		}
	}
	verify()
	if got := e.CacheStats().Hits - hits; got < uint64(len(good))*99/100 {
		t.Errorf("%d of %d good tokens were found in the cache after the flood", got, len(good))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 2<<20 || after.Sys-before.Sys > 64<<20 {
		t.Errorf("the heap grew by %d bytes, what the system gave by %d", grown, after.Sys-before.Sys)
	}
}

// Handlers share claims: nothing that one can do with them is seen by another.
func TestClaimsAreShared(t *testing.T) {
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{usual(t)}})
	token := sign(t, "k1", goodClaims(nil))
	first, err := e.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			buffer := append([]byte{}, token...)
			for range 200 {
				copy(buffer, token)
				c, err := e.Verify(buffer)
				if err != nil {
					t.Error(err)
					return
				}
				clear(buffer) // the caller's bytes are the caller's again
				for range c.Roles() {
				}
				if c.RoleList() != "customer,beta" || c.Subject() != first.Subject() {
					t.Errorf("%+v", c)
				}
			}
		})
	}
	wg.Wait()
}

func TestAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	f := func(what string, want float64, do func() error) {
		t.Helper()
		if got := testing.AllocsPerRun(500, func() {
			if err := do(); err != nil {
				t.Fatal(err)
			}
		}); got > want {
			t.Errorf("%s: %v allocations, want at most %v", what, got, want)
		}
	}
	i := usual(t)
	i.Revocations = revocation.NewSet()
	plain := newEngine(t, engine.Config{Issuers: []engine.Issuer{i}, CacheBytes: -1})
	cached := newEngine(t, engine.Config{Issuers: []engine.Issuer{i}})
	token := sign(t, "k1", goodClaims(nil))
	f("without a cache", 2, func() error { _, err := plain.Verify(token); return err })
	f("warm", 0, func() error { _, err := cached.Verify(token); return err })

	// cold with a cache: tokens it has not seen
	var tokens [][]byte
	for n := range 600 {
		tokens = append(tokens, sign(t, "k1", goodClaims(map[string]any{"jti": fmt.Sprint("cold", n)})))
	}
	next := 0
	f("cold", 4, func() error { next++; _, err := cached.Verify(tokens[next]); return err })

	bad := append([]byte{}, token...)
	copy(bad[len(bad)-20:], "AAAA")
	f("a bad signature", 0, func() error {
		if _, err := cached.Verify(bad); !errors.Is(err, engine.ErrSignature) {
			return fmt.Errorf("accepted: %w", err)
		}
		return nil
	})
	batch, out := tokens[:64], make([]engine.Verdict, 64)
	f("a batch of 64, cold", 128, func() error { plain.VerifyBatch(batch, out); return out[63].Err })
}
