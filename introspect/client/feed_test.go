package client

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestRevocations(t *testing.T) {
	f := newFake(t, nil)
	f.says(func(w http.ResponseWriter, r *http.Request) {
		switch r.FormValue("after") {
		case "":
			says(`{"events":[{"cursor":"e-1","kind":"token","id":"j1","exp":5},{"cursor":"e-2","kind":"client","id":"c","before":3,"exp":9}],"next":"e-2","reset":true}`)(w, r)
		case "e-2":
			select {
			case <-r.Context().Done():
			case <-t.Context().Done(): // the client's call outlives the test
			}
		default:
			says(`{"events":[]}`)(w, r)
		}
	})
	c := newClient(t, f.URL, nil)
	b, err := c.Revocations(t.Context(), "")
	if err != nil || !b.Reset || b.Next != "e-2" || len(b.Events) != 2 || b.Events[1] != (Event{"e-2", "client", "c", 3, 9}) {
		t.Errorf("%+v, %v", b, err)
	}
	// a held request ends with its context
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Revocations(ctx, "e-2"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("held: %v", err)
	}
	// a batch without a cursor cannot be followed
	if _, err := c.Revocations(t.Context(), "e-3"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without next: %v", err)
	}
}
