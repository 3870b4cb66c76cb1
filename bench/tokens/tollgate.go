package main

import (
	"errors"
	"fmt"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/keyset"
)

// newEngine makes Tollgate's verifier for the tokens of i; cacheBytes as in
// engine.Config.
func newEngine(i *issuer, cacheBytes int64) (*engine.Engine, error) {
	keys, refused, err := keyset.Parse(i.jwks())
	if err != nil {
		return nil, err
	}
	if len(refused) > 0 {
		return nil, fmt.Errorf("key set refuses %v", refused)
	}
	return engine.New(engine.Config{
		CacheBytes: cacheBytes,
		Issuers:    []engine.Issuer{{Name: issuerName, Keys: keyset.Fixed(keys), Audiences: []string{audience}, Algorithms: []string{i.alg}}},
	})
}

func newTollgate(i *issuer) (verifier, error) {
	e, err := newEngine(i, -1)
	if err != nil {
		return nil, err
	}
	return func(t token) error {
		_, err := e.Verify(t.bytes)
		return err
	}, nil
}

// newTollgateBatch verifies the tokens together, as a service does that has
// many at hand.
func newTollgateBatch(i *issuer) (func(tokens [][]byte) error, error) {
	e, err := newEngine(i, -1)
	if err != nil {
		return nil, err
	}
	var verdicts []engine.Verdict
	return func(tokens [][]byte) error {
		if len(verdicts) != len(tokens) {
			verdicts = make([]engine.Verdict, len(tokens))
		}
		e.VerifyBatch(tokens, verdicts)
		for _, v := range verdicts {
			if v.Err != nil {
				return v.Err
			}
		}
		return nil
	}, nil
}

var errAbsent = errors.New("absent from a cache that was just filled")
