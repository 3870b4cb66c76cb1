package keyset

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Options are how a KeySet is kept current. The zero value is usable.
type Options struct {
	// Interval is the time between refreshes, 5 minutes if 0. A shorter max-age of
	// the source shortens it, down to Cooldown.
	Interval time.Duration
	// Cooldown is the least time between two refreshes that tokens with unknown
	// keys can cause, 5 seconds if 0.
	Cooldown time.Duration
	// Wait bounds how long such a token waits for the refresh, 2 seconds if 0.
	Wait time.Duration
	// Timeout bounds a fetch, 10 seconds if 0.
	Timeout time.Duration
	// MaxStale is how long keys are kept when the source cannot be read, or has none,
	// 24 hours if 0. After that the set is empty, and every token of the issuer refused.
	MaxStale time.Duration
	// Uses are values of use that mean a key for signatures, beside sig and none at
	// all: jwt-svid for SPIFFE bundles.
	Uses []string
	// OnRefresh, if set, hears of every refresh: the error, or the entries that
	// were refused, once for as long as they are the same. Calls do not overlap.
	OnRefresh func(refused []Refused, err error)
}

func or(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// A KeySet is one issuer's keys, kept current. Make it with New or Fixed.
type KeySet struct {
	source  Source
	options Options
	current atomic.Pointer[Snapshot]

	mu         sync.Mutex
	flight     *flight   // the fetch under way, if any
	asked      time.Time // when an unknown key last started one
	good       time.Time // when the source was last read
	last       *Snapshot // what it said then
	refused    string    // the entries refused when OnRefresh last heard of some; of the fetch under way
	etag       string
	maxAge     time.Duration
	generation uint64
}

// flight is one fetch, which all who want one at that time wait for.
type flight struct {
	done chan struct{}
	err  error
}

// New returns a KeySet of source. It has no keys before Run or Refresh.
func New(source Source, options Options) *KeySet {
	options.Interval = or(options.Interval, 5*time.Minute)
	options.Cooldown = or(options.Cooldown, 5*time.Second)
	options.Wait = or(options.Wait, 2*time.Second)
	options.Timeout = or(options.Timeout, 10*time.Second)
	options.MaxStale = or(options.MaxStale, 24*time.Hour)
	k := &KeySet{source: source, options: options}
	k.current.Store(&Snapshot{})
	return k
}

// Fixed returns a KeySet that is s for ever.
func Fixed(s *Snapshot) *KeySet {
	k := &KeySet{good: time.Now()}
	k.current.Store(s)
	return k
}

// Snapshot is the keys of now.
func (k *KeySet) Snapshot() *Snapshot { return k.current.Load() }

// Ready reports whether the source was read, and not too long ago.
func (k *KeySet) Ready() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.good.IsZero() && (k.source == nil || time.Since(k.good) < k.options.MaxStale)
}

// Generation counts the changes of the keys.
func (k *KeySet) Generation() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.generation
}

// Refresh reads the source now, or waits for a reading that is under way.
func (k *KeySet) Refresh(ctx context.Context) error {
	if k.source == nil {
		return nil
	}
	k.mu.Lock()
	f := k.start()
	k.mu.Unlock()
	return f.wait(ctx)
}

// Find returns the keys to try a token with that names kid and alg, as
// Snapshot.Find does. Where the snapshot has none, the key may be newer than the
// snapshot: one caller a cooldown reads the source, and those that come while it
// does wait with it, for a bounded time.
func (k *KeySet) Find(kid, alg string) []*Key {
	if keys := k.Snapshot().Find(kid, alg); keys != nil || k.source == nil {
		return keys
	}
	ctx, cancel := context.WithTimeout(context.Background(), k.options.Wait)
	defer cancel()
	for {
		f, own := k.ask()
		if f == nil {
			return k.Snapshot().Find(kid, alg)
		}
		_ = f.wait(ctx) // what there is to know is in the snapshot
		if keys := k.Snapshot().Find(kid, alg); keys != nil || own || ctx.Err() != nil {
			return keys
		}
		// That reading may have begun before the key was there.
	}
}

// Read is when the source was last read with success; zero before that, and for a
// Fixed set.
func (k *KeySet) Read() time.Time {
	if k.source == nil {
		return time.Time{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.good
}

// ask returns the fetch under way, or else one of its own if the cooldown allows.
func (k *KeySet) ask() (f *flight, own bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.flight != nil {
		return k.flight, false
	}
	now := time.Now()
	if now.Sub(k.asked) < k.options.Cooldown {
		return nil, false
	}
	k.asked = now
	return k.start(), true
}

func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start returns the fetch under way, or a new one. The caller holds k.mu.
func (k *KeySet) start() *flight {
	if k.flight == nil {
		k.flight = &flight{done: make(chan struct{})}
		go k.fetch(k.flight, k.etag)
	}
	return k.flight
}

func (k *KeySet) fetch(f *flight, etag string) {
	ctx, cancel := context.WithTimeout(context.Background(), k.options.Timeout)
	defer cancel()
	document, err := k.source.Fetch(ctx, etag)
	var next *Snapshot
	var refused []Refused
	if err == nil && !document.NotModified {
		next, refused, err = parse(document.Body, k.Snapshot(), k.options.Uses)
	}
	if err == nil && next != nil && next.Len() == 0 && k.Snapshot().Len() > 0 {
		// An issuer that is being deployed serves an empty set for a moment. Run
		// forgets the keys after MaxStale.
		err = ErrEmpty
	}
	if err != nil {
		err = fmt.Errorf("reading key set: %w", err)
	}
	if text := fmt.Sprint(refused); next != nil && text != k.refused {
		k.refused = text
	} else {
		refused = nil
	}
	if k.options.OnRefresh != nil {
		k.options.OnRefresh(refused, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		if next != nil {
			k.last, k.etag = next, document.ETag
		}
		k.good, k.maxAge = time.Now(), document.MaxAge
		k.swap(k.last)
	}
	k.flight = nil
	f.err = err
	close(f.done)
}

// swap makes next the snapshot, if it differs. The caller holds k.mu.
func (k *KeySet) swap(next *Snapshot) {
	if !next.equal(k.Snapshot()) {
		k.current.Store(next)
		k.generation++
	}
}

// Run refreshes the set until ctx ends: at once, then in every interval, and
// after a failure sooner, from a second on twice as late each time. It returns
// ctx's error.
func (k *KeySet) Run(ctx context.Context) error {
	if k.source == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	retry := time.Second
	for {
		err := k.Refresh(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause := k.interval()
		if err != nil {
			pause = min(pause, retry, k.expire())
			retry *= 2
		} else {
			retry = time.Second
		}
		// Many verifiers of one issuer should not all ask in the same second.
		pause += rand.N(pause/10 + 1)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// interval is the time to the next refresh after a good one: before the document
// expires, if it says when.
func (k *KeySet) interval() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if fresh := k.maxAge * 3 / 4; fresh > 0 && fresh < k.options.Interval {
		return max(fresh, k.options.Cooldown)
	}
	return k.options.Interval
}

// expire forgets keys that nobody has confirmed for too long, and returns the
// time until there is something to forget.
func (k *KeySet) expire() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if left := k.options.MaxStale - time.Since(k.good); left > 0 {
		return left
	}
	k.swap(&Snapshot{})
	return k.options.MaxStale
}
