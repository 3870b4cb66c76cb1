package redis

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/storetest"
)

// fleetOptions are those of a store on a fleet.
func fleetOptions(f *storetest.Fleet, prefix string) Options {
	o := Options{Addresses: f.Addresses(), Prefix: prefix, Timeout: 2 * time.Second, blockFor: testBlock}
	if len(f.Sentinels) > 0 {
		o.Sentinel.Master = storetest.MasterName
	} else {
		o.Cluster = true
	}
	return o
}

func openFleet(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// conform runs the suite on one fleet, with a prefix for each test.
func conform(t *testing.T, start func(*testing.T) *storetest.Fleet) {
	if testing.Short() {
		t.Skip("failovers run the same code in less time")
	}
	t.Parallel()
	f := start(t)
	var n atomic.Int64
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		o := fleetOptions(f, fmt.Sprint("test-", n.Add(1)))
		return storetest.Harness{
			Open: func(t *testing.T) store.Store { return openFleet(t, o) },
			Restart: func(t *testing.T, s store.Store) {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				f.Restart(t)
			},
			Sharded: o.Cluster,
			Files:   func(t *testing.T) []byte { return f.Contents(t) },
		}
	})
}

// Three masters with a replica each.
func TestConformanceOnCluster(t *testing.T) {
	conform(t, storetest.StartCluster)
}

// A master, two replicas and three sentinels.
func TestConformanceUnderSentinels(t *testing.T) {
	conform(t, storetest.StartSentinels)
}
