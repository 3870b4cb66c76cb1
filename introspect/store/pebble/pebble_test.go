package pebble

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/storetest"
)

// On a file system that loses at a restart all that has not been synced.
func TestConformanceAcrossPowerLoss(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Harness {
		disk := vfs.NewCrashableMem()
		return storetest.Harness{
			Open: func(t *testing.T) store.Store {
				s, err := Open("store", Options{FS: disk, HotTokens: 64})
				if err != nil {
					t.Fatal(err)
				}
				return s
			},
			Restart: func(t *testing.T, s store.Store) {
				after := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0})
				if err := s.Close(); err != nil { // on the disk that nobody will see again
					t.Fatal(err)
				}
				disk = after
			},
		}
	})
}

// On the real file system, whose files show what is at rest.
func TestConformanceOnDisk(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		dir := t.TempDir()
		return storetest.Harness{
			Open: func(t *testing.T) store.Store {
				s, err := Open(dir, Options{})
				if err != nil {
					t.Fatal(err)
				}
				return s
			},
			Restart: func(t *testing.T, s store.Store) {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			},
			Files: func(t *testing.T) []byte { return storetest.Contents(t, dir) },
		}
	})
}
