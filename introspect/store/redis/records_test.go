package redis

import (
	"fmt"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/storetest"
)

// The list of an owner who always has a live record holds what lives and no more.
func TestOwnersListForgets(t *testing.T) {
	srv := storetest.StartRedis(t)
	s := open(t, srv)
	defer s.Close()
	keep := func(name string, expires int64) {
		t.Helper()
		err := s.Keep(t.Context(), &store.Record{
			Kind: store.RecordBrowser, Digest: store.DigestOf([]byte(name)), Owner: "alice", Value: []byte(name), Expires: expires,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().Unix()
	keep("long", now+60)
	for i := range 20 {
		keep(fmt.Sprint("short-", i), now+1)
	}
	time.Sleep(time.Until(time.Unix(now+2, 0)))
	keep("longer", now+61)
	members, err := s.members(t.Context(), s.keys.owned(store.RecordBrowser, "alice"))
	if err != nil {
		t.Fatal(err)
	}
	if len(members) != 2 {
		t.Errorf("the list has %d entries, want those of the two records that live", len(members))
	}
	keep("over", now-10) // has expired already
	if list, err := s.Owned(t.Context(), store.RecordBrowser, "alice", now); err != nil || len(list) != 2 {
		t.Errorf("%d records, %v; want two", len(list), err)
	}
}
