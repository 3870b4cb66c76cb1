package signing

import "fmt"

// List tells about the keys, in the order in which they sign.
func (r *Keyring) List(now int64) []Info {
	all := r.live()
	current, _ := all.current(now)
	list := make([]Info, len(all))
	for i, k := range all {
		list[i] = Info{ID: k.ID, Created: k.Created, Signs: k.Signs, Retired: k.Retired}
		if end, ok := all.until(i); ok && k.Retired == 0 {
			list[i].Until = end
		}
		list[i].State = all.state(i, now, current)
	}
	return list
}

func (r ring) state(i int, now int64, current *key) State {
	switch {
	case r[i].Retired != 0:
		return Retired
	case r[i] == current:
		return Signing
	case r[i].Signs > now:
		return Coming
	case r.published(i, now):
		return Leaving
	}
	return Gone
}

// New adds a key that signs from the given second on.
func (r *Keyring) New(now, signs int64) (Info, error) {
	if r.vault == nil {
		return Info{}, ErrFixed
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	rec, err := r.successor(now, signs)
	if err != nil {
		return Info{}, err
	}
	if err := r.write(rec); err != nil {
		return Info{}, err
	}
	return r.info(rec.ID, now)
}

// Retire ends a key at once; where it was the one that signs, its successor
// takes over, a new one if need be, although nobody has seen it published.
// Whoever calls this tells the feed as well.
func (r *Keyring) Retire(kid string, now int64) (info Info, err error) {
	if r.vault == nil {
		return Info{}, ErrFixed
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	for range retireTries { // another service may be changing the same keys
		if err = r.reload(); err != nil {
			return Info{}, err
		}
		if info, err = r.retire(kid, now); err != ErrChanged {
			return info, err
		}
	}
	return Info{}, err
}

const retireTries = 5

func (r *Keyring) retire(kid string, now int64) (Info, error) {
	k := (*r.ring.Load()).find(kid)
	if k == nil {
		return Info{}, fmt.Errorf("%w: %q", ErrUnknownKey, kid)
	}
	if k.Retired == 0 {
		rec := k.record
		rec.Retired = now
		if k.Signs == now {
			rec.Retired++ // it may have signed; see tookOver
		}
		if err := r.write(rec); err != nil {
			return Info{}, err
		}
	}
	if err := r.succeed(now); err != nil {
		return Info{}, err
	}
	return r.info(kid, now)
}

// succeed makes sure that a key signs at now.
func (r *Keyring) succeed(now int64) error {
	all := *r.ring.Load()
	if _, err := all.current(now); err == nil {
		return nil
	}
	for _, k := range all {
		if k.Retired == 0 && k.Signs > now {
			rec := k.record
			rec.Signs = now
			return r.write(rec)
		}
	}
	rec, err := r.successor(now, now)
	if err != nil {
		return err
	}
	return r.write(rec)
}

// successor is a new key, with companions for the algorithms for which any key
// has had one.
func (r *Keyring) successor(now, signs int64) (record, error) {
	k, err := generate(now, signs)
	if err != nil {
		return record{}, err
	}
	rec := k.record
	for _, alg := range Algorithms {
		for _, old := range *r.ring.Load() {
			if old.companions[alg] == nil || rec.Companions[alg] != "" {
				continue
			}
			if rec, err = withCompanion(rec, alg); err != nil {
				return rec, err
			}
		}
	}
	return rec, nil
}

func (r *Keyring) write(rec record) error {
	rec.Tail = max(rec.Tail, r.tail)
	if err := r.vault.write(rec); err != nil {
		return err
	}
	return r.reload()
}

// extend writes down that keys may sign tokens that live for r.tail seconds. A
// tail never shrinks, so that a key stays published for the tokens it signed
// before the configured life became shorter.
func (r *Keyring) extend() error {
	r.changing.Lock()
	defer r.changing.Unlock()
	records, err := r.vault.read()
	if err != nil {
		return err
	}
	for _, rec := range records {
		if rec.Tail >= r.tail {
			continue
		}
		rec.Tail = r.tail
		if err := r.vault.write(rec); err != nil && err != ErrChanged { // another service has done the same
			return err
		}
	}
	return r.reload()
}

func (r *Keyring) info(kid string, now int64) (Info, error) {
	for _, i := range r.List(now) {
		if i.ID == kid {
			return i, nil
		}
	}
	return Info{}, fmt.Errorf("%w: %q", ErrUnknownKey, kid)
}
