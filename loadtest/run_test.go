package loadtest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/loadtest/poll"
	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/report"
	"github.com/tollgate/tollgate/loadtest/rig"
	"github.com/tollgate/tollgate/loadtest/stats"
)

// gate is a gateway of a user's that lets two tokens pass and counts.
func gate(t *testing.T) (url string, served *atomic.Int64) {
	t.Helper()
	if !poll.Supported {
		t.Skip(poll.ErrUnsupported)
	}
	served = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a := r.Header.Get("Authorization"); a != "Bearer one" && a != "Bearer two" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		served.Add(1)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/orders?x=1", served
}

func hurriedTargets(names ...string) record.Plan {
	p := ForTargets(names, 500)
	p.Connections = 4
	p.Sweeps[0].Rounds, p.Sweeps[0].Warmup, p.Sweeps[0].Duration = 3, 50*ms, 300*ms
	return p
}

// Gateways of the user's are compared with tokens of the user's.
func TestForeign(t *testing.T) {
	url, served := gate(t)
	tokens := [][]byte{[]byte("one"), []byte("two")}
	dir := t.TempDir()
	err := Run(t.Context(), Options{Plan: hurriedTargets("old", "new"), Dir: dir, Targets: []Target{{"old", url, tokens}, {"new", url, tokens}}})
	if err != nil {
		t.Fatal(err)
	}
	cells, err := record.ReadCells(dir)
	if err != nil || len(cells) != 9 {
		t.Fatalf("%d cells, %v", len(cells), err)
	}
	sent := int64(2) // each was asked once before
	for _, c := range cells {
		sent += c.Sent
		if c.Errors > 0 {
			t.Errorf("%s: %v", c.Key, c.Status)
		}
	}
	if served.Load() != sent {
		t.Errorf("%d served, %d sent", served.Load(), sent)
	}
	s, err := report.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	// On a busy machine all rounds of one of them may be void.
	if !strings.HasPrefix(s.Answer, "At 500 requests a second ") && len(s.Void) < 3 {
		t.Errorf("answer: %s", s.Answer)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "raw", "cells.jsonl"))
	if err != nil || strings.Contains(string(raw), "Bearer") {
		t.Errorf("tokens in the record, or %v", err)
	}
}

// A token that is refused ends the run before load is sent.
func TestForeignRefused(t *testing.T) {
	url, served := gate(t)
	err := Run(t.Context(), Options{Plan: hurriedTargets("mine"), Dir: t.TempDir(), Targets: []Target{{"mine", url, [][]byte{[]byte("wrong")}}}})
	if !errors.Is(err, ErrNotBegun) || !strings.Contains(err.Error(), "asking mine once: ") || !strings.Contains(err.Error(), "401 Unauthorized") {
		t.Errorf("%v", err)
	}
	if strings.Contains(err.Error(), "wrong") || served.Load() != 0 {
		t.Errorf("the token is told, or load was sent (%d): %v", served.Load(), err)
	}
}

// An interrupted run keeps what is complete and goes on from there, each cell
// measured once.
func TestInterruptAndResume(t *testing.T) {
	url, _ := gate(t)
	dir := t.TempDir()
	opt := Options{Plan: hurriedTargets("mine"), Dir: dir, Targets: []Target{{"mine", url, [][]byte{[]byte("one")}}}}
	ctx, cancel := context.WithCancel(t.Context())
	opt.Progress = writer(func(b []byte) {
		if strings.Contains(string(b), "round 2") {
			cancel()
		}
	})
	if err := Run(ctx, opt); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	cells, err := record.ReadCells(dir)
	if err != nil || len(cells) < 2 || len(cells) > 4 {
		t.Fatalf("%d cells, %v", len(cells), err)
	}
	opt.Progress = nil
	if err := Run(t.Context(), opt); err == nil || !strings.Contains(err.Error(), "holds a run already") {
		t.Errorf("without --resume: %v", err)
	}
	opt.Resume = true
	opt.Plan = record.Plan{} // the one on disk is gone by
	other := opt
	other.Version = "another"
	if err := Run(t.Context(), other); !errors.Is(err, ErrNotBegun) || !strings.Contains(err.Error(), "this is another: resume it with that one") {
		t.Errorf("by another version: %v", err)
	}
	if err := Run(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if cells, err = record.ReadCells(dir); err != nil || len(cells) != 6 {
		t.Errorf("%d cells, %v", len(cells), err)
	}
	opt.Targets = nil
	if err := Run(t.Context(), opt); err != nil { // nothing is left to do
		t.Error(err)
	}
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }

// Every mode of a round has one seed at one place, and no two rounds or places
// share theirs.
func TestSeeds(t *testing.T) {
	k := record.Key{Phase: "modes", Mode: "jwt", X: 1, Round: 3}
	seed := func(change func(*record.Key)) uint64 {
		c := k
		change(&c)
		return seedOf(7, c)
	}
	same := seed(func(*record.Key) {})
	if seed(func(k *record.Key) { k.Mode = "opaque" }) != same {
		t.Error("two modes of a round have two seeds")
	}
	for name, other := range map[string]uint64{
		"round": seed(func(k *record.Key) { k.Round = 4 }), "place": seed(func(k *record.Key) { k.X = 2 }),
		"phase": seed(func(k *record.Key) { k.Phase = "rate" }), "plan": seedOf(8, k),
	} {
		if other == same {
			t.Errorf("another %s has the same seed", name)
		}
	}
}

// keys has every cell of a plan once.
func TestKeys(t *testing.T) {
	for _, s := range Full().Sweeps {
		seen := map[record.Key]bool{}
		for _, k := range keys(s, 1) {
			if seen[k] {
				t.Errorf("%s twice", k)
			}
			seen[k] = true
		}
		if want := len(s.Modes) * len(s.X) * s.Rounds; len(seen) != want {
			t.Errorf("%s: %d cells, want %d", s.Phase, len(seen), want)
		}
	}
}

// What the counters must say, mode by mode, for 100 requests.
func TestCounters(t *testing.T) {
	f := func(mode string, gateways int, calls rig.Counts, introspections int64, want ...stats.Counter) {
		t.Helper()
		e := &endpoint{mode: mode, target: &rig.Target{}, service: &rig.Service{}, gateways: make([]*rig.Gateway, gateways)}
		got := e.counters(reading{}, reading{served: 100, introspections: introspections, gateways: calls}, 100)
		if !reflect.DeepEqual(got[1:], want) || got[0] != (stats.Counter{Name: "requests at the target", Got: 100, Want: 100}) {
			t.Errorf("%s: %+v", mode, got)
		}
	}
	const asked = "introspections at the security service"
	// a JWT asks nobody
	f(record.ModeJWT, 1, rig.Counts{}, 2, stats.Counter{Name: asked, Got: 2, Want: 0})
	// an opaque token asks for each request
	f(record.ModeOpaque, 1, rig.Counts{Calls: 100}, 100, stats.Counter{Name: asked, Got: 100, Want: 100})
	// in a row of services each asks
	f(record.ModeOpaque, 4, rig.Counts{Calls: 400}, 399, stats.Counter{Name: asked, Got: 399, Want: 400})
	// with a cache, for each miss, and concurrent ones may share
	f(record.ModeOpaqueCache, 1, rig.Counts{Calls: 7, Misses: 9}, 7,
		stats.Counter{Name: "introspection calls against misses", Got: 7, Want: 9, AtMost: true}, stats.Counter{Name: asked, Got: 7, Want: 7})
}

// The plans keep to their times: two minutes, and half an hour.
func TestPlansTakeTheirTime(t *testing.T) {
	f := func(p record.Plan, least, most time.Duration) {
		t.Helper()
		l := &lab{plan: p}
		if d := l.remaining(); d < least || d > most {
			t.Errorf("%s takes %v, want %v to %v", p.Name, d, least, most)
		}
	}
	f(First(), 20*sec, 45*sec)
	f(Quick(), 90*sec, 125*sec)
	f(Full(), 25*time.Minute, 40*time.Minute)
}
