package signing

// Sign signs the claims of an access token with the key that signs at now.
func (r *Keyring) Sign(claims []byte, now int64) ([]byte, error) {
	return r.signAs(EdDSA, typeAccess, claims, now)
}

// SignAccess is Sign with another algorithm than EdDSA, for verifiers that do
// not know that.
func (r *Keyring) SignAccess(alg string, claims []byte, now int64) ([]byte, error) {
	return r.signAs(alg, typeAccess, claims, now)
}

// SignAnswer signs an introspection answer (RFC 9701, section 5).
func (r *Keyring) SignAnswer(claims []byte, now int64) ([]byte, error) {
	k, err := r.current(now)
	if err != nil {
		return nil, err
	}
	return k.answers.Append(nil, claims), nil
}

// Verify returns the claims of an access token that was signed here with a key
// that still counts at now.
func (r *Keyring) Verify(token []byte, now int64) (claims []byte, kid string, ok bool) {
	claims, kid, ok = r.live().verify(token, now)
	if !ok && r.shared && !r.live().knows(token) && r.refresh() {
		return r.live().verify(token, now)
	}
	return claims, kid, ok
}

// current is the key that signs at now. Where another service has retired that,
// it has made its successor known as well.
func (r *Keyring) current(now int64) (*key, error) {
	k, err := r.live().current(now)
	if err != nil && r.refresh() {
		return r.live().current(now)
	}
	return k, err
}

// KeySet is the public key set at now.
func (r *Keyring) KeySet(now int64) []byte { return r.live().jwks(now) }

// Tail is the longest life, in seconds, of any token that a key here has signed
// or may sign.
func (r *Keyring) Tail() int64 {
	tail := r.tail
	for _, k := range *r.ring.Load() {
		tail = max(tail, k.Tail)
	}
	return tail
}

// Ready reports whether a key may sign at now.
func (r *Keyring) Ready(now int64) error {
	_, err := r.live().current(now)
	return err
}

// Follow has the keys for which revoked returns true count as retired, whatever
// their records say: another instance has retired them. It is asked at every use
// of a key, from many goroutines.
func (r *Keyring) Follow(revoked func(kid string) bool) { r.revoked.Store(&revoked) }
