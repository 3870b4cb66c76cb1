package main

import (
	"testing"
	"time"
)

// Each peer accepts what it will be timed on, and refuses what it must: a row
// of a library that verifies nothing would say nothing.
func TestPeersVerify(t *testing.T) {
	for _, alg := range algorithms {
		i, err := newIssuer(alg)
		if err != nil {
			t.Fatal(err)
		}
		good, err := i.mint(1, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		expired, err := i.mint(1, -2*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range append([]peer{{"tollgate", newTollgate}}, peers...) {
			v, err := p.make(i)
			if err != nil {
				t.Errorf("%s %s: %v", p.name, alg, err)
				continue
			}
			if err := v(good[0]); err != nil {
				t.Errorf("%s %s refuses a good token: %v", p.name, alg, err)
			}
			if v(spoil(good[0])) == nil {
				t.Errorf("%s %s accepts a spoilt signature", p.name, alg)
			}
			if v(expired[0]) == nil {
				t.Errorf("%s %s accepts an expired token", p.name, alg)
			}
		}
	}
}
