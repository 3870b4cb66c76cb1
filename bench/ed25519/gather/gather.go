package main

import (
	"runtime"
	"sync"

	"github.com/tollgate/tollgate/engine/ed25519"
)

// A verifier is one way to verify.
type verifier interface {
	verify(key *ed25519.PublicKey, message, sig []byte) bool
}

// direct verifies on the spot.
type direct struct{}

func (direct) verify(key *ed25519.PublicKey, message, sig []byte) bool {
	return key.Verify(message, sig)
}

// batchSize is how many signatures the vector code takes at once.
const batchSize = 8

// A request waits for its verdict.
type request struct {
	key          *ed25519.PublicKey
	message, sig []byte
	verdict      chan bool // of one
}

// gatherer collects requests. The first of them leads: it gives way, so that
// others that are ready to run come and wait, and then verifies all. One that
// fills the batch verifies it at once. A lone request gives way to nobody and
// verifies alone.
type gatherer struct {
	mu      sync.Mutex
	waiting []*request
	yields  int // how often the leader gives way
	pool    sync.Pool
}

func newGatherer(yields int) *gatherer {
	return &gatherer{yields: yields, pool: sync.Pool{New: func() any {
		return &request{verdict: make(chan bool, 1)}
	}}}
}

func (g *gatherer) verify(key *ed25519.PublicKey, message, sig []byte) bool {
	r := g.pool.Get().(*request)
	r.key, r.message, r.sig = key, message, sig
	g.mu.Lock()
	g.waiting = append(g.waiting, r)
	leads, full := len(g.waiting) == 1, len(g.waiting) == batchSize
	var batch []*request
	if full {
		batch, g.waiting = g.waiting, nil
	}
	g.mu.Unlock()
	switch {
	case full:
		answer(batch)
	case leads:
		for range g.yields {
			runtime.Gosched()
		}
		// Another may have filled the batch meanwhile, and a next one begun.
		g.mu.Lock()
		batch, g.waiting = g.waiting, nil
		g.mu.Unlock()
		answer(batch)
	}
	verdict := <-r.verdict
	r.key, r.message, r.sig = nil, nil, nil
	g.pool.Put(r)
	return verdict
}

// answer verifies the requests and wakes them.
func answer(batch []*request) {
	if len(batch) == 1 {
		r := batch[0]
		r.verdict <- r.key.Verify(r.message, r.sig)
		return
	}
	var keys [batchSize]*ed25519.PublicKey
	var messages, sigs [batchSize][]byte
	var valid [batchSize]bool
	for i, r := range batch {
		keys[i], messages[i], sigs[i] = r.key, r.message, r.sig
	}
	n := len(batch)
	ed25519.VerifyBatch(keys[:n], messages[:n], sigs[:n], valid[:n])
	for i, r := range batch {
		r.verdict <- valid[i]
	}
}
