package pebble

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// What a pace knows Pebble's work by is what Pebble does: flushes and
// compactions keep it, and compactions read through files of their own.
func TestFlushesAndCompactionsKeepThePace(t *testing.T) {
	disk := &watched{FS: vfs.NewMem()}
	s, err := Open("store", Options{FS: disk, HotTokens: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rested := func(work func() error) bool {
		s.pace.calm(time.Hour)
		s.pace.turn.Store(0)
		if err := work(); err != nil {
			t.Fatal(err)
		}
		return s.pace.turn.Load() != 0
	}
	fill(t, s, 0, 2000, 90_000)
	if s.pace.turn.Load() != 0 {
		t.Error("somebody rested who was not told to be calm")
	}
	if rested(func() error { fill(t, s, 2000, 1000, 90_000); return nil }) {
		t.Error("a log kept the pace")
	}
	if !rested(s.db.Flush) {
		t.Error("a flush did not keep the pace")
	}
	fill(t, s, 0, 2000, 90_000)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if !rested(func() error { return s.compact(t.Context()) }) {
		t.Error("a compaction did not keep the pace")
	}
	if disk.sequential.Load() == 0 {
		t.Error("a compaction opened no file for sequential reads")
	}
	if rested(func() error { _, err := s.Access(t.Context(), numbered(1), 0); return err }) {
		t.Error("a look-up kept the pace")
	}
}

// watched counts the files opened for sequential reads.
type watched struct {
	vfs.FS
	sequential atomic.Int64
}

func (fs *watched) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if slices.Contains(opts, vfs.SequentialReadsOption) {
		fs.sequential.Add(1)
	}
	return fs.FS.Open(name, opts...)
}

func TestSequentialReadsKeepThePace(t *testing.T) {
	p := new(pace)
	fs := &paced{vfs.NewMem(), p}
	f, err := fs.Create("table", "pebble-compaction")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	p.calm(time.Hour)
	for _, c := range []struct {
		opts []vfs.OpenOption
		want bool
	}{{nil, false}, {[]vfs.OpenOption{vfs.SequentialReadsOption}, true}} {
		p.turn.Store(0)
		f, err := fs.Open("table", c.opts...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.ReadAt(make([]byte, 1), 0); err != nil {
			t.Fatal(err)
		}
		if got := p.turn.Load() != 0; got != c.want {
			t.Errorf("opened with %v, the reader rested: %v", c.opts, got)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A sweep asks for calm, and takes that back where Pebble has fallen behind.
func TestNoCalmBehindABacklog(t *testing.T) {
	disk := &slow{FS: vfs.NewMem()}
	s, err := Open("store", Options{FS: disk, HotTokens: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	calm := func() bool {
		s.looked = time.Time{}
		if _, err := s.Sweep(t.Context(), 0, 10); err != nil {
			t.Fatal(err)
		}
		return s.pace.until.Load() > time.Now().UnixNano()
	}
	if !calm() {
		t.Error("a sweep did not ask for calm")
	}
	fill(t, s, 0, 100, 90_000)
	disk.hold.Lock()
	flushed, err := s.db.AsyncFlush()
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if !calm() {
			t.Error("one flush alone was taken for a backlog")
		}
	}
	if calm() {
		t.Error("a sweep asked for calm while a flush does not end")
	}
	disk.hold.Unlock()
	<-flushed
	if !calm() {
		t.Error("a sweep did not ask for calm after the flush")
	}
}

// slow writes no table while it is held.
type slow struct {
	vfs.FS
	hold sync.Mutex
}

func (fs *slow) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if c == "pebble-memtable-flush" {
		fs.hold.Lock()
		defer fs.hold.Unlock()
	}
	return fs.FS.Create(name, c)
}
