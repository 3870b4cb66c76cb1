package keyset

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func publicKey(name string) ed25519.PublicKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
}

// document is a JWK set of Ed25519 keys with these names.
func document(t testing.TB, names ...string) []byte {
	t.Helper()
	var keys []Public
	for _, name := range names {
		keys = append(keys, Public{ID: name, Key: publicKey(name)})
	}
	b, err := Marshal(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// source is a Source whose answers tests change.
type source struct {
	mu      sync.Mutex
	body    []byte
	etag    string
	maxAge  time.Duration
	err     error
	delay   time.Duration
	fetches atomic.Int64
}

func (s *source) set(change func(*source)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *source) Fetch(ctx context.Context, etag string) (Document, error) {
	s.fetches.Add(1)
	s.mu.Lock()
	d, err, delay := Document{Body: s.body, ETag: s.etag, MaxAge: s.maxAge}, s.err, s.delay
	s.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return Document{}, ctx.Err()
	}
	if err == nil && etag != "" && etag == d.ETag {
		d.Body, d.NotModified = nil, true
	}
	return d, err
}

// run runs k until the test's end.
func run(t *testing.T, k *KeySet) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- k.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	synctest.Wait()
}

func TestRefresh(t *testing.T) {
	s := &source{body: document(t, "a"), etag: `"1"`}
	var told []error
	k := New(s, Options{OnRefresh: func(_ []Refused, err error) { told = append(told, err) }})
	if k.Ready() || k.Snapshot().Len() != 0 {
		t.Error("ready before the first refresh")
	}
	if err := k.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := k.Snapshot().Key("a")
	if a == nil || !k.Ready() || k.Generation() != 1 {
		t.Fatalf("%v, ready %v, generation %d", a, k.Ready(), k.Generation())
	}
	// nothing new: neither the snapshot nor the generation changes
	first := k.Snapshot()
	s.set(func(s *source) { s.etag = `"2"` })
	for range 2 { // a whole body, then "not modified"
		if err := k.Refresh(t.Context()); err != nil || k.Snapshot() != first || k.Generation() != 1 {
			t.Error(err, k.Generation())
		}
	}
	// a key more: the one that stays is the same
	s.set(func(s *source) { s.body, s.etag = document(t, "b", "a"), `"3"` })
	if err := k.Refresh(t.Context()); err != nil || k.Snapshot().Key("a") != a || k.Snapshot().Key("b") == nil || k.Generation() != 2 {
		t.Error(err, k.Snapshot().Len(), k.Generation())
	}
	if first.Len() != 1 {
		t.Error("a snapshot changed")
	}
	// a bad document or an error: the keys stay
	s.set(func(s *source) { s.body, s.etag = []byte(`{"keys":"none"}`), `"4"` })
	if err := k.Refresh(t.Context()); !errors.Is(err, ErrDocument) || k.Snapshot().Len() != 2 {
		t.Error(err)
	}
	broken := errors.New("broken")
	s.set(func(s *source) { s.err = broken })
	if err := k.Refresh(t.Context()); !errors.Is(err, broken) || k.Snapshot().Len() != 2 || !k.Ready() {
		t.Error(err)
	}
	// a key with the name of another is another
	s.set(func(s *source) {
		s.body, s.err = []byte(fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":%q}]}`, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")), nil
	})
	if err := k.Refresh(t.Context()); err != nil || k.Snapshot().Key("a") == a || k.Snapshot().Len() != 1 {
		t.Error(err)
	}
	// an empty set is a deployment under way: the keys stay, until MaxStale
	for _, empty := range []string{`{"keys":[]}`, `{"keys":[null]}`, `{"keys":[{"kty":"RSA","use":"enc"}]}`} {
		s.set(func(s *source) { s.body, s.etag = []byte(empty), `"5"` })
		if err := k.Refresh(t.Context()); !errors.Is(err, ErrEmpty) || k.Snapshot().Len() != 1 || !k.Ready() {
			t.Errorf("%s: %v, %d keys", empty, err, k.Snapshot().Len())
		}
	}
	if len(told) != 10 {
		t.Errorf("OnRefresh heard of %d refreshes", len(told))
	}
}

func TestFixed(t *testing.T) {
	snapshot, _, err := Parse(document(t, "a"))
	if err != nil {
		t.Fatal(err)
	}
	k := Fixed(snapshot)
	if !k.Ready() || k.Find("a", "EdDSA") == nil || k.Find("b", "EdDSA") != nil || k.Refresh(t.Context()) != nil {
		t.Error("a fixed set is not what it was fixed to")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := k.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// However many tokens come with unknown keys, one of them a cooldown reads the
// source.
func TestFindUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{body: document(t, "a"), delay: 100 * time.Millisecond}
		k := New(s, Options{Cooldown: 10 * time.Second, Interval: time.Hour})
		if err := k.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.set(func(s *source) { s.body = document(t, "a", "b") })
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				if i%10 == 0 {
					if k.Find("b", "EdDSA") == nil {
						t.Error("a key that was published before it was asked for is unknown")
					}
				} else if k.Find(fmt.Sprint("forged", i), "EdDSA") != nil {
					t.Error("found what is not there")
				}
			})
		}
		wg.Wait()
		if n := s.fetches.Load(); n != 2 {
			t.Errorf("%d fetches, want the first and one more", n)
		}
		// within the cooldown nothing is fetched and nobody waits
		s.set(func(s *source) { s.body = document(t, "b", "c") })
		start := time.Now()
		for range 100 {
			if k.Find("c", "EdDSA") != nil {
				t.Error("found within the cooldown")
			}
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("waited %v", d)
		}
		if n := s.fetches.Load(); n != 2 {
			t.Errorf("%d fetches within the cooldown", n)
		}
		// and after it one is
		time.Sleep(10 * time.Second)
		if k.Find("c", "EdDSA") == nil || k.Find("a", "EdDSA") != nil {
			t.Error("not refreshed after the cooldown")
		}
	})
}

// A source that hangs holds a token up for a bounded time.
func TestFindWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{body: document(t, "a"), delay: time.Minute}
		k := New(s, Options{Wait: 300 * time.Millisecond, Timeout: 5 * time.Second})
		start := time.Now()
		if k.Find("a", "EdDSA") != nil || time.Since(start) != 300*time.Millisecond {
			t.Errorf("waited %v", time.Since(start))
		}
		if err := k.Refresh(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// Run refreshes at once and then in every interval, or before the document
// expires.
func TestRunInterval(t *testing.T) {
	f := func(options Options, maxAge, least, most time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s := &source{body: document(t, "a"), maxAge: maxAge}
			k := New(s, options)
			run(t, k)
			if s.fetches.Load() != 1 || !k.Ready() {
				t.Fatalf("%d fetches at once", s.fetches.Load())
			}
			time.Sleep(least - time.Millisecond)
			synctest.Wait()
			if n := s.fetches.Load(); n != 1 {
				t.Errorf("%d fetches before %v", n, least)
			}
			time.Sleep(most - least + time.Millisecond)
			synctest.Wait()
			if n := s.fetches.Load(); n != 2 {
				t.Errorf("%d fetches after %v", n, most)
			}
		})
	}
	f(Options{Interval: time.Minute}, 0, 60*time.Second, 67*time.Second)
	f(Options{}, 0, 300*time.Second, 331*time.Second)
	f(Options{Interval: time.Hour}, 100*time.Second, 75*time.Second, 83*time.Second)
	f(Options{Interval: time.Minute}, time.Hour, 60*time.Second, 67*time.Second)
	f(Options{Interval: time.Hour, Cooldown: 30 * time.Second}, time.Second, 30*time.Second, 34*time.Second)
}

// When the source fails it is asked again soon, and the last good keys are kept,
// but not for ever.
func TestRunFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{body: document(t, "a"), etag: `"1"`}
		k := New(s, Options{Interval: 10 * time.Minute, MaxStale: time.Hour})
		run(t, k)
		s.set(func(s *source) { s.err = errors.New("gone") })
		time.Sleep(12 * time.Minute)
		synctest.Wait()
		// from the first failure between 10 and 11 minutes on: after 1, 2, 4, 8, … seconds
		if n := s.fetches.Load(); n < 6 || n > 9 {
			t.Errorf("%d fetches in 12 minutes", n)
		}
		time.Sleep(47 * time.Minute)
		synctest.Wait()
		if k.Snapshot().Key("a") == nil || !k.Ready() {
			t.Error("keys did not last 59 minutes")
		}
		time.Sleep(8 * time.Minute)
		synctest.Wait()
		if k.Snapshot().Len() != 0 || k.Ready() {
			t.Error("keys lasted 67 minutes")
		}
		// the source is back with what it had
		s.set(func(s *source) { s.err = nil })
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		if k.Snapshot().Key("a") == nil || !k.Ready() {
			t.Error("keys did not come back")
		}
	})
}
