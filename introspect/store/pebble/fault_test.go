package pebble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/tollgate/tollgate/introspect/store"
)

var tctx = context.Background()

// ledger is what a store has acknowledged.
type ledger struct {
	mu       sync.Mutex
	now      int64
	n        int
	live     map[store.Digest]*store.Token // issued, and nobody has tried to revoke it
	dead     map[store.Digest]*store.Token // revoked
	sessions map[string]store.Digest       // the session's refresh token, where no rotation is open
	used     map[string][]store.Digest     // its refresh tokens before that
}

func newLedger() *ledger {
	return &ledger{
		now: time.Now().Unix(), live: map[store.Digest]*store.Token{}, dead: map[store.Digest]*store.Token{},
		sessions: map[string]store.Digest{}, used: map[string][]store.Digest{},
	}
}

// copy is the ledger at this moment.
func (l *ledger) copy() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := newLedger()
	c.now = l.now
	c.live, c.dead, c.sessions = maps.Clone(l.live), maps.Clone(l.dead), maps.Clone(l.sessions)
	c.used = maps.Clone(l.used) // a slice in it only grows at its end
	return c
}

func (l *ledger) digest() store.Digest {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	return store.DigestOf(fmt.Append(nil, l.n))
}

// work calls the store until it fails or stop is closed, and writes down what
// it acknowledges.
func (l *ledger) work(s store.Store, worker int, stop <-chan struct{}) error {
	random := rand.New(rand.NewPCG(uint64(worker), 0))
	sid := fmt.Sprint("sid-", worker)
	refresh := l.digest()
	err := s.Begin(tctx, &store.Session{ID: sid, Subject: "alice", ClientID: "app", Started: l.now, Expires: l.now + 3600, Refresh: refresh}, nil)
	if err != nil {
		return err
	}
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		access := &store.Issued{Digest: l.digest(), Token: &store.Token{
			ID: fmt.Sprint(worker, "-", random.Uint64()), Subject: "alice", ClientID: "app", Issued: l.now, Expires: l.now + 3600,
		}}
		if err := s.Issue(tctx, access); err != nil {
			return err
		}
		if random.IntN(2) == 0 {
			ev := store.Event{Kind: store.KindToken, ID: access.Token.ID, Expires: access.Token.Expires}
			if err := s.Revoke(tctx, ev); err != nil {
				return err
			}
			l.mu.Lock()
			l.dead[access.Digest] = access.Token
			l.mu.Unlock()
		} else {
			l.mu.Lock()
			l.live[access.Digest] = access.Token
			l.mu.Unlock()
		}
		next := l.digest()
		l.mu.Lock()
		delete(l.sessions, sid)
		l.mu.Unlock()
		if _, err := s.Rotate(tctx, &store.Rotation{Session: sid, Old: refresh, New: next, Expires: l.now + 3600, Now: l.now, Horizon: l.now + 60}); err != nil {
			return err
		}
		l.mu.Lock()
		l.sessions[sid] = next
		l.used[sid] = append(l.used[sid], refresh)
		l.mu.Unlock()
		refresh = next
	}
}

// check finds in s what has been acknowledged, and does not find what has been
// revoked.
func (l *ledger) check(t *testing.T, s store.Store) {
	t.Helper()
	for d, token := range l.live {
		if _, err := s.Access(tctx, d, l.now); err != nil {
			t.Errorf("token %s was acknowledged: %v", token.ID, err)
		}
	}
	for d, token := range l.dead {
		if _, err := s.Access(tctx, d, l.now); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("token %s was revoked: %v", token.ID, err)
		}
	}
	for sid, refresh := range l.sessions {
		found, err := s.Session(tctx, refresh, l.now)
		if err != nil {
			t.Errorf("session %s: %v", sid, err)
			continue
		}
		for _, old := range l.used[sid] {
			if found.Refresh == old {
				t.Errorf("session %s went back to a used refresh token", sid)
			}
		}
	}
}

// begin starts workers on s.
func (l *ledger) begin(s store.Store, workers int) (end func() []error) {
	stop := make(chan struct{})
	errs := make([]error, workers)
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() { errs[i] = l.work(s, i, stop) })
	}
	return func() []error {
		close(stop)
		all.Wait()
		return errs
	}
}

// The power goes in the middle of everything. What had been acknowledged is
// there afterwards, whichever part of the rest reached the disk.
func TestPowerLoss(t *testing.T) {
	for round := range 12 {
		disk := vfs.NewCrashableMem()
		s, err := Open("store", Options{FS: disk})
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(uint64(round), 1))
		l := newLedger()
		end := l.begin(s, 8)
		for range 3 {
			time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
			acknowledged := l.copy()
			after := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(101), RNG: random})
			again, err := Open("store", Options{FS: after})
			if err != nil {
				t.Fatalf("opening after a power loss: %v", err)
			}
			acknowledged.check(t, again)
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range end() {
			if err != nil {
				t.Error(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// failing runs the workload on a disk that begins to fail when said, checks
// that the store says so and stays failed, and that what it had acknowledged is
// there when the disk is well again.
func failing(t *testing.T, fails func(op errorfs.Op) error) {
	t.Helper()
	disk := vfs.NewCrashableMem()
	var broken atomic.Bool
	faulty := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() {
			return fails(op)
		}
		return nil
	}))
	s, err := Open("store", Options{FS: faulty})
	if err != nil {
		t.Fatal(err)
	}
	l := newLedger()
	end := l.begin(s, 8)
	for len(l.copy().dead) < 20 || len(l.copy().live) < 20 {
		time.Sleep(time.Millisecond)
	}
	broken.Store(true)
	select {
	case <-s.Failed():
	case <-time.After(10 * time.Second):
		t.Fatal("the store does not notice that its disk fails")
	}
	told := 0
	for _, err := range end() {
		switch {
		case errors.Is(err, store.ErrFailed):
			told++
		case err != nil: // nil: it was told to stop before its next call
			t.Errorf("a worker ended with %v, not ErrFailed", err)
		}
	}
	if told == 0 {
		t.Error("no call was told of the failure")
	}
	broken.Store(false) // too late: what the disk holds is unknown
	access := &store.Issued{Digest: l.digest(), Token: &store.Token{ID: "late", Expires: l.now + 60}}
	_, lookup := s.Access(tctx, access.Digest, l.now)
	for what, err := range map[string]error{
		"Issue": s.Issue(tctx, access), "Access": lookup, "Ready": s.Ready(tctx), "Close": s.Close(),
		"Revoke": s.Revoke(tctx, store.Event{Kind: store.KindToken, ID: "x"}),
		"Rotate": rotate(s),
	} {
		if !errors.Is(err, store.ErrFailed) {
			t.Errorf("%s after the failure: %v, not ErrFailed", what, err)
		}
	}
	after := disk.CrashClone(vfs.CrashCloneCfg{})
	if len(l.live) == 0 || len(l.dead) == 0 {
		t.Fatal("nothing was acknowledged, so nothing is shown")
	}
	again, err := Open("store", Options{FS: after})
	if err != nil {
		t.Fatalf("opening after the failure: %v", err)
	}
	defer again.Close()
	l.check(t, again)
}

func TestFailedSync(t *testing.T) {
	failing(t, func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
			return syscall.EIO
		}
		return nil
	})
}

func TestFullDisk(t *testing.T) {
	failing(t, func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpFilePreallocate, errorfs.OpCreate:
			return syscall.ENOSPC
		}
		return nil
	})
}

// A log whose end was torn while it was written is read up to the tear.
func TestTornTail(t *testing.T) {
	for _, tail := range [][]byte{
		{0}, {0xff}, make([]byte, 100), []byte("torn in the middle of a record, by which nobody was told anything"),
	} {
		disk := vfs.NewCrashableMem()
		s, err := Open("store", Options{FS: disk})
		if err != nil {
			t.Fatal(err)
		}
		l := newLedger()
		end := l.begin(s, 4)
		time.Sleep(10 * time.Millisecond)
		for _, err := range end() {
			if err != nil {
				t.Fatal(err)
			}
		}
		after := disk.CrashClone(vfs.CrashCloneCfg{})
		tear(t, after, tail)
		again, err := Open("store", Options{FS: after})
		if err != nil {
			t.Fatalf("opening a log that ends in %q: %v", tail, err)
		}
		l.check(t, again)
		if err := errors.Join(again.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// tear adds bytes to the end of the newest log.
func tear(t *testing.T, fs vfs.FS, tail []byte) {
	t.Helper()
	names, err := fs.List("store")
	if err != nil {
		t.Fatal(err)
	}
	var newest string
	for _, name := range names {
		if strings.HasSuffix(name, ".log") && name > newest {
			newest = name
		}
	}
	name := fs.PathJoin("store", newest)
	in, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	old, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write(append(old, tail...)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(in.Close(), out.Sync(), out.Close()); err != nil {
		t.Fatal(err)
	}
}

func rotate(s *Store) error {
	_, err := s.Rotate(tctx, &store.Rotation{Session: "sid-1"})
	return err
}
