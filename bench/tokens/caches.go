package main

import (
	"strings"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/tollgate/tollgate/engine/claims"
)

// A warm case answers from memory for a token that was verified before. The
// two peers do the least that is still correct: find the claims by the whole
// token, and look at exp. Tollgate's own also checks that the key is still in
// the key set and that nothing was revoked.

func warmTollgate(i *issuer, tokens []token) (verifier, error) {
	e, err := newEngine(i, 0)
	if err != nil {
		return nil, err
	}
	check := func(t token) error {
		_, err := e.Verify(t.bytes)
		return err
	}
	return check, fill(check, tokens)
}

func warmSyncMap(i *issuer, tokens []token) (verifier, error) {
	list, err := verified(i, tokens)
	if err != nil {
		return nil, err
	}
	var m sync.Map
	for k, c := range list {
		m.Store(k, c)
	}
	return func(t token) error {
		v, ok := m.Load(t.text)
		if !ok || claims.At(time.Now()) >= v.(*claims.Claims).ExpiresAt() {
			return errAbsent
		}
		return nil
	}, nil
}

func warmOtter(i *issuer, tokens []token) (verifier, error) {
	list, err := verified(i, tokens)
	if err != nil {
		return nil, err
	}
	m, err := otter.New(&otter.Options[string, *claims.Claims]{MaximumSize: 1 << 16})
	if err != nil {
		return nil, err
	}
	for k, c := range list {
		m.Set(k, c)
	}
	return func(t token) error {
		c, ok := m.GetIfPresent(t.text)
		if !ok || claims.At(time.Now()) >= c.ExpiresAt() {
			return errAbsent
		}
		return nil
	}, nil
}

func verified(i *issuer, tokens []token) (map[string]*claims.Claims, error) {
	e, err := newEngine(i, -1)
	if err != nil {
		return nil, err
	}
	list := map[string]*claims.Claims{}
	for _, t := range tokens {
		// A copy: a token that arrives is never the very memory that a cache keeps,
		// which compares equal at a glance.
		if list[strings.Clone(t.text)], err = e.Verify(t.bytes); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// fill runs check until the cache behind it has had time to admit the tokens.
func fill(check verifier, tokens []token) error {
	for range 20 {
		for _, t := range tokens {
			if err := check(t); err != nil {
				return err
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}
