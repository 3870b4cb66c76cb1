package orders

import (
	"errors"
	"strconv"
	"testing"
	"time"
)

var (
	owner    = Caller{"customer-1", []string{"customer"}}
	stranger = Caller{"customer-2", []string{"customer"}}
	admin    = Caller{"admin-1", []string{"admin"}}
	noon     = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
)

func place(t *testing.T, b *Book, c Caller) Order {
	t.Helper()
	o, err := b.Place(c, "tea", noon)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestBookAccess(t *testing.T) {
	b := NewBook()
	id := place(t, b, owner).ID
	read := func(c Caller, want error) {
		t.Helper()
		if o, err := b.Get(c, id); !errors.Is(err, want) || err == nil && o.Item != "tea" {
			t.Errorf("Get by %s: %+v, %v; want %v", c.Subject, o, err, want)
		}
	}
	share := func(c Caller, reader string, want error) {
		t.Helper()
		if err := b.Share(c, id, reader); !errors.Is(err, want) {
			t.Errorf("Share by %s: %v, want %v", c.Subject, err, want)
		}
	}
	read(owner, nil)
	read(admin, nil)
	read(stranger, ErrNotFound)
	// a stranger cannot let itself in, nor learn that the order is there
	share(stranger, stranger.Subject, ErrNotFound)
	read(stranger, ErrNotFound)
	share(owner, stranger.Subject, nil)
	share(owner, stranger.Subject, nil) // twice is once
	read(stranger, nil)
	// a reader reads and does not share
	share(stranger, "customer-3", ErrForbidden)
	read(Caller{Subject: "customer-3"}, ErrNotFound)
	share(admin, "customer-3", nil)
	read(Caller{Subject: "customer-3"}, nil)
	if o, _ := b.Get(owner, id); len(o.SharedWith) != 2 {
		t.Errorf("shared with %v", o.SharedWith)
	}
	if _, err := b.Get(admin, "nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of nothing: %v", err)
	}
}

// A subject that is called like a role has none of its rights.
func TestBookSubjectIsNoRole(t *testing.T) {
	b := NewBook()
	id := place(t, b, owner).ID
	if _, err := b.Get(Caller{Subject: "admin"}, id); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get by a user called admin: %v", err)
	}
}

func TestBookLists(t *testing.T) {
	b := NewBook()
	first, second := place(t, b, owner), place(t, b, owner)
	place(t, b, admin)
	if err := b.Share(owner, first.ID, stranger.Subject); err != nil {
		t.Fatal(err)
	}
	f := func(name string, list []Order, want ...string) {
		t.Helper()
		got := []string{}
		for _, o := range list {
			got = append(got, o.Owner)
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	f("owner", b.Mine(owner), "customer-1", "customer-1")
	f("reader", b.Mine(stranger), "customer-1")
	f("admin, own", b.Mine(admin), "admin-1")
	f("admin, all", b.All(admin), "admin-1", "customer-1", "customer-1")
	f("stranger, all", b.All(stranger), "customer-1")
	if got := b.Mine(owner)[0].ID; got != second.ID {
		t.Errorf("the newest is not first")
	}
}

// What is handed out does not change with the book, nor the book with it.
func TestBookCopies(t *testing.T) {
	b := NewBook()
	id := place(t, b, owner).ID
	if err := b.Share(owner, id, stranger.Subject); err != nil {
		t.Fatal(err)
	}
	o, _ := b.Get(owner, id)
	o.SharedWith[0] = "customer-9"
	if _, err := b.Get(stranger, id); err != nil {
		t.Errorf("a caller's copy changed the book: %v", err)
	}
}

func TestBookBounds(t *testing.T) {
	b := NewBook()
	id := place(t, b, owner).ID
	for i := range maxReaders {
		if err := b.Share(owner, id, "r"+strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Share(owner, id, "one more"); !errors.Is(err, ErrFull) {
		t.Errorf("reader %d: %v", maxReaders+1, err)
	}
	for range maxOrders - 1 {
		place(t, b, owner)
	}
	if _, err := b.Place(owner, "tea", noon); !errors.Is(err, ErrFull) {
		t.Errorf("order %d: %v", maxOrders+1, err)
	}
	if n := len(b.Mine(owner)); n != maxListed {
		t.Errorf("%d orders in one answer", n)
	}
	if n := b.CountSince(noon); n != maxOrders {
		t.Errorf("%d orders counted", n)
	}
	if n := b.CountSince(noon.Add(1)); n != 0 {
		t.Errorf("%d orders counted after the last", n)
	}
}
