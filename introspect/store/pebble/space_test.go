package pebble

import (
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tollgate/tollgate/introspect/store"
)

// What a sweep deleted gives its disk space back: what remains is that of the
// tokens that live, and no more than four logs.
func TestSweepGivesDiskSpaceBack(t *testing.T) {
	const dying, living = compactAfter + 10_000, 5_000
	disk := vfs.NewMem()
	s, err := Open("store", Options{FS: disk, HotTokens: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fill(t, s, 0, living, 90_000)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	tables := func() int64 { return s.db.Metrics().Total().TablesSize }
	alone := tables()
	fill(t, s, living, dying, 3600)
	n, err := store.SweepAll(t.Context(), s, 3600)
	if err != nil || n != dying {
		t.Fatalf("%d tokens were swept, %v; want %d", n, err, dying)
	}
	if left := tables(); left > alone*12/10 {
		t.Errorf("tables hold %d bytes after the sweep, those of the living alone %d", left, alone)
	}
	for i := range living {
		if _, err := s.Access(t.Context(), numbered(i), 3600); err != nil {
			t.Fatalf("token %d: %v", i, err)
		}
	}
	// Files are deleted some time after nothing refers to them.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		size := onDisk(t, disk)
		if size <= alone*12/10+5*memTable {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("files hold %d bytes after the sweep, tables of the living alone %d", size, alone)
		}
	}
}

func numbered(i int) store.Digest {
	return store.DigestOf(binary.LittleEndian.AppendUint64(nil, uint64(i)))
}

// fill issues n tokens, numbered from first on.
func fill(t *testing.T, s *Store, first, n int, expires int64) {
	t.Helper()
	var all sync.WaitGroup
	const writers = 64
	for w := range writers {
		all.Go(func() {
			for i := first + w; i < first+n; i += writers {
				issue(t, s, i, expires)
			}
		})
	}
	all.Wait()
}

func issue(t *testing.T, s *Store, i int, expires int64) {
	t.Helper()
	if err := s.Issue(t.Context(), numberedToken(i, expires)); err != nil {
		t.Error(err)
	}
}

func numberedToken(i int, expires int64) *store.Issued {
	return &store.Issued{Digest: numbered(i), Token: &store.Token{ID: "id", Subject: "customer", ClientID: "first-party", Scope: "read write", Expires: expires}}
}

func onDisk(t *testing.T, disk vfs.FS) (size int64) {
	t.Helper()
	names, err := disk.List("store")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if info, err := disk.Stat(disk.PathJoin("store", name)); err == nil { // else it has just been deleted
			size += info.Size()
		}
	}
	return size
}
