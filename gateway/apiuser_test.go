package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/client"
)

// A fakeSource accepts pairs that begin with "good" and counts calls. While hold is
// not nil, calls wait for it to be closed.
type fakeSource struct {
	calls atomic.Int64
	hold  chan struct{}
}

func (f *fakeSource) Token(_ context.Context, pair string) (client.Token, error) {
	f.calls.Add(1)
	if f.hold != nil {
		<-f.hold
	}
	if !strings.HasPrefix(pair, "good") {
		return client.Token{}, client.ErrCredentials
	}
	return client.Token{Value: "token of " + pair, Expires: time.Now().Add(time.Hour)}, nil
}

func keyOf(pair string) credential { return credential{apiKey, []byte(pair)} }

// Guesses drive out no good credentials, and are forgotten themselves beyond a
// bound.
func TestRefusedCredentialsHaveAPlaceOfTheirOwn(t *testing.T) {
	source := &fakeSource{}
	u := newAPIUsers(APIUsers{Entries: 2, RefusedEntries: 10, RefusedTTL: time.Minute, Calls: 4}, source)
	now := time.Now()
	for _, pair := range []string{"good1:a", "good2:b"} {
		if _, _, err := u.token(keyOf(pair), now); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1000 {
		if _, _, err := u.token(keyOf(fmt.Sprintf("bad%d:x", i)), now); !errors.Is(err, client.ErrCredentials) {
			t.Fatalf("a guess: %v, not ErrCredentials", err)
		}
	}
	if n := len(u.refused.entries); n != 10 || u.refused.order.Len() != 10 {
		t.Errorf("%d refused credentials are remembered, not 10", n)
	}
	before := source.calls.Load()
	for _, pair := range []string{"good1:a", "good2:b"} {
		if token, _, err := u.token(keyOf(pair), now); err != nil || token != "token of "+pair {
			t.Errorf("%s: %q, %v", pair, token, err)
		}
	}
	if _, _, err := u.token(keyOf("bad999:x"), now); !errors.Is(err, client.ErrCredentials) {
		t.Errorf("the last guess again: %v", err)
	}
	if n := source.calls.Load() - before; n != 0 {
		t.Errorf("%d calls for what is known", n)
	}
	if _, _, err := u.token(keyOf("bad999:x"), now.Add(2*time.Minute)); !errors.Is(err, client.ErrCredentials) || source.calls.Load() != before+1 {
		t.Errorf("after its time a guess is tried again: %v, %d calls", err, source.calls.Load()-before)
	}
	if _, _, err := u.token(keyOf("good3:c"), now); err != nil || len(u.good.entries) != 2 {
		t.Errorf("a third: %v, and %d are kept", err, len(u.good.entries))
	}
}

// So many credentials are checked at once; what is known needs no place, nor do
// those who wait for a call that is under way.
func TestCallsForCredentialsAreBounded(t *testing.T) {
	source := &fakeSource{}
	u := newAPIUsers(APIUsers{Entries: 10, RefusedEntries: 10, RefusedTTL: time.Minute, Calls: 2}, source)
	now := time.Now()
	if _, _, err := u.token(keyOf("good0:a"), now); err != nil {
		t.Fatal(err)
	}
	source.hold = make(chan struct{})
	var all sync.WaitGroup
	for i := range 2 {
		for range 5 {
			all.Go(func() {
				if _, _, err := u.token(keyOf(fmt.Sprintf("good%d:a", i+1)), now); err != nil {
					t.Error(err)
				}
			})
		}
	}
	for deadline := time.Now().Add(10 * time.Second); source.calls.Load() != 3; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d calls, not 3", source.calls.Load())
		}
	}
	if _, _, err := u.token(keyOf("good9:a"), now); !errors.Is(err, client.ErrBusy) {
		t.Errorf("one too many: %v, not ErrBusy", err)
	}
	if _, _, err := u.token(keyOf("good0:a"), now); err != nil {
		t.Errorf("what is known: %v", err)
	}
	close(source.hold)
	all.Wait()
	if _, _, err := u.token(keyOf("good9:a"), now); err != nil || len(u.pending) != 0 {
		t.Errorf("later: %v, and %d are pending", err, len(u.pending))
	}
}
