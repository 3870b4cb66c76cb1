package store

// What the feed holds is looked up here by what it names.

type name struct {
	kind Kind
	id   string
}

type bound struct {
	before  int64
	expires int64
}

// Revoked reports whether the feed holds a revocation of t, or of the key that
// signed it where it is a JWT.
func (f *Feed) Revoked(t *Token, keyID string) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if len(f.named) == 0 {
		return false
	}
	return f.has(KindToken, t.ID) ||
		t.Session != "" && f.has(KindSession, t.Session) ||
		f.bars(KindSubject, t.Subject, t.Issued) ||
		f.bars(KindClient, t.ClientID, t.Issued) ||
		keyID != "" && f.has(KindKey, keyID)
}

// Ended reports whether the feed holds a revocation of s.
func (f *Feed) Ended(s *Session) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.has(KindSession, s.ID) ||
		f.bars(KindSubject, s.Subject, s.Started) ||
		f.bars(KindClient, s.ClientID, s.Started)
}

// Barred reports whether whatever the subject or the client is issued at now
// would be revoked already.
func (f *Feed) Barred(subject, clientID string, now int64) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.bars(KindSubject, subject, now) || f.bars(KindClient, clientID, now)
}

// KeyRevoked reports whether a signing key has been revoked.
func (f *Feed) KeyRevoked(kid string) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.named) > 0 && f.has(KindKey, kid)
}

func (f *Feed) has(kind Kind, id string) bool {
	_, ok := f.named[name{kind, id}]
	return ok
}

func (f *Feed) bars(kind Kind, id string, issued int64) bool {
	b, ok := f.named[name{kind, id}]
	return ok && issued <= b.before
}
