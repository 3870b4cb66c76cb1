package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/engine/keyset"
)

// A keySource is where keys are read from, which a reload may change.
type keySource struct {
	mu      sync.Mutex
	current keyset.Source
	number  int // of current
}

func (s *keySource) use(next keyset.Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = next
	s.number++
}

// Fetch reads the present source. An ETag means nothing to any other than the
// one that gave it, and so bears its number.
func (s *keySource) Fetch(ctx context.Context, etag string) (keyset.Document, error) {
	s.mu.Lock()
	source, number := s.current, strconv.Itoa(s.number)
	s.mu.Unlock()
	of, etag, _ := strings.Cut(etag, " ")
	if of != number {
		etag = ""
	}
	d, err := source.Fetch(ctx, etag)
	if d.ETag != "" {
		d.ETag = number + " " + d.ETag
	}
	return d, err
}

// keysAt is the source that cfg names.
func keysAt(cfg *Config) keyset.Source {
	switch {
	case cfg.Keys.File != "":
		return keyset.File(cfg.Keys.File)
	case cfg.Keys.URL != "":
		return keyset.HTTP(cfg.Keys.URL, nil)
	}
	c := &http.Client{
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if t, err := cfg.SecurityService.TLS.Client(""); err == nil {
		c.Transport = &http.Transport{TLSClientConfig: t, MaxIdleConns: 2, IdleConnTimeout: 30 * time.Second}
	}
	return keyset.HTTP(cfg.SecurityService.URL+"/.well-known/jwks.json", c)
}

func newKeys(cfg *Config, source keyset.Source, read *atomic.Int64, log *slog.Logger) *keyset.KeySet {
	failed := quietly(log, "reading keys")
	var lost bool   // calls do not overlap
	var told string // of the keys that were refused last
	return keyset.New(source, keyset.Options{
		Interval: cfg.Keys.Refresh,
		OnRefresh: func(refused []keyset.Refused, err error) {
			if err != nil {
				failed(err)
				lost = true
				return
			}
			read.Store(time.Now().UnixNano())
			if lost {
				lost = false
				log.Info("keys are read again")
			}
			var now strings.Builder
			for _, r := range refused {
				now.WriteString(r.String() + "\n")
			}
			if now.String() == told {
				return // it was said when it changed
			}
			told = now.String()
			for _, r := range refused {
				if r.Harmless() {
					log.Debug("key is not for signatures", "key", r.String())
				} else {
					log.Warn("key refused", "key", r.String())
				}
			}
		},
	})
}

// keyAge is the time since the keys were last read with success; -1 before
// that, in seconds.
func (a *authenticator) keyAge(now time.Time) float64 {
	read := a.keysRead.Load()
	if read == 0 {
		return -1
	}
	return max(now.Sub(time.Unix(0, read)), 0).Seconds()
}

var errNoKey = errors.New("no key that can be used")

// tryKeys reads the keys of cfg, to tell a bad place or document before it is
// used. It returns their source if that is not last's. Keys at the URL that is
// in use already are not tried: a reload must not depend on another service.
func (a *authenticator) tryKeys(ctx context.Context, cfg, last *Config) (keyset.Source, error) {
	if a.keys == nil {
		return nil, nil
	}
	moved := cfg.Keys.URL != last.Keys.URL || cfg.Keys.File != last.Keys.File
	if !moved && cfg.Keys.File == "" {
		return nil, nil
	}
	source := keysAt(cfg)
	trial := keyset.New(source, keyset.Options{})
	err := trial.Refresh(ctx)
	if err == nil && trial.Snapshot().Len() == 0 {
		err = errNoKey
	}
	switch {
	case err != nil && cfg.Keys.File != "":
		return nil, fmt.Errorf("keys.file: %w", err)
	case err != nil:
		return nil, fmt.Errorf("keys.url: %w", err)
	case !moved:
		return nil, nil
	}
	return source, nil
}

// useKeys reads the keys again, from next if that is not nil.
func (a *authenticator) useKeys(ctx context.Context, next keyset.Source, file bool) {
	switch {
	case a.keys == nil:
	case next != nil || file:
		if next != nil {
			a.source.use(next)
		}
		// A reading that is under way may have begun before. One that fails is
		// logged, and made up for by the next.
		for range 2 {
			_ = a.keys.Refresh(ctx)
		}
	default:
		go func() { _ = a.keys.Refresh(context.Background()) }()
	}
}
