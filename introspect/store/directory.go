package store

import (
	"cmp"
	"slices"
	"sync"
)

// Directory holds accounts of one kind in memory, for the stores whose
// process is the only one that changes them. It is safe for concurrent use.
type Directory[T any] struct {
	changing sync.Mutex // held while a change is made durable, which mu is not

	mu sync.RWMutex
	m  map[string]*T
}

// NewDirectory returns an empty directory.
func NewDirectory[T any]() *Directory[T] { return &Directory[T]{m: map[string]*T{}} }

// Get returns the account called id, or ErrNotFound.
func (d *Directory[T]) Get(id string) (*T, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if a := d.m[id]; a != nil {
		return a, nil
	}
	return nil, ErrNotFound
}

// Put runs commit and then makes a the account called id in place of old, which
// Get has returned, or of none. One change is made at a time.
func (d *Directory[T]) Put(id string, a, old *T, commit func() error) error {
	d.changing.Lock()
	defer d.changing.Unlock()
	if now, _ := d.Get(id); now != old {
		return ErrChanged
	}
	if err := commit(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.m[id] = a
	return nil
}

// Drop runs commit and then removes the account old, which Get has returned. One
// change is made at a time.
func (d *Directory[T]) Drop(id string, old *T, commit func() error) error {
	d.changing.Lock()
	defer d.changing.Unlock()
	if now, _ := d.Get(id); now == nil || now != old {
		return ErrChanged
	}
	if err := commit(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.m, id)
	return nil
}

// List returns the accounts in the order of their ids.
func (d *Directory[T]) List() []*T {
	d.mu.RLock()
	defer d.mu.RUnlock()
	ids := make([]string, 0, len(d.m))
	for id := range d.m {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, cmp.Compare[string])
	list := make([]*T, len(ids))
	for i, id := range ids {
		list[i] = d.m[id]
	}
	return list
}
