package store

// Rotation is one use of a refresh token.
type Rotation struct {
	Session string    // whose refresh token is rotated
	Old     Digest    // the token presented
	New     Digest    // its successor
	Sealed  Successor // the successor, for who presents Old once more
	Expires int64     // of the successor
	Access  *Issued   // the new access token where it is opaque, else nil
	Now     int64
	// Grace is for how many seconds Old may be presented again, by a caller that
	// did not get the answer or asked twice at once.
	Grace int64
	// Horizon is when the last access token of the session has expired,
	// should it turn out that Old was used before.
	Horizon int64
}

// Successor is a refresh token that can be read only together with the one that it
// replaced: the store cannot read it.
type Successor [32]byte

// Used is a refresh token that was used a moment ago.
type Used struct {
	Digest Digest
	At     int64 // when, in Unix seconds
	Sealed Successor
}

// maxRecent is how many used tokens a session remembers: a client refreshes once or
// twice within the grace, not more.
const maxRecent = 8

// Rotate decides on a use of a refresh token of x: it returns the session as it is
// after it, or, where the token was used within the grace, what replaced it then, or
// ErrReused. It does not change x.
func (x *Session) Rotate(r *Rotation) (next *Session, given *Used, err error) {
	within := func(u Used) bool { // clocks of instances may differ a little
		return r.Grace > 0 && r.Now-u.At <= r.Grace && u.At-r.Now <= r.Grace
	}
	if x.Refresh != r.Old {
		for _, u := range x.Recent {
			if u.Digest == r.Old && within(u) {
				return nil, &u, nil
			}
		}
		return nil, nil, ErrReused
	}
	y := *x
	y.Refresh, y.Expires, y.Recent = r.New, r.Expires, nil
	for _, u := range x.Recent {
		if within(u) {
			y.Recent = append(y.Recent, u)
		}
	}
	if r.Grace > 0 {
		y.Recent = append(y.Recent, Used{r.Old, r.Now, r.Sealed})
	}
	if n := len(y.Recent) - maxRecent; n > 0 {
		y.Recent = y.Recent[n:]
	}
	return &y, nil, nil
}
