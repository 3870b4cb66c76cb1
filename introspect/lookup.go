package introspect

import (
	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/token"
)

// maxToken is how long a token may be; longer ones are nobody's.
const maxToken = 8 << 10

// lookup finds what an access token stands for at now: a token of ours, live
// and not revoked, or store.ErrNotFound.
func (s *Service) lookup(text []byte, now int64) (*store.Token, error) {
	if token.IsAccess(text) {
		return s.store.Access(background, store.DigestOf(text), now)
	}
	t, err := s.lookupJWT(text, now)
	if err != nil {
		return nil, err
	}
	if t.Expires <= now {
		return nil, store.ErrNotFound
	}
	return t, nil
}

// lookupExpired finds a login's access token that has expired and was not
// revoked: an opaque one for a minute, a JWT for as long as its key is published.
func (s *Service) lookupExpired(text []byte, now int64) (t *store.Token, err error) {
	if token.IsAccess(text) {
		t, err = s.store.Access(background, store.DigestOf(text), now-seconds(store.KeptExpired))
	} else {
		t, err = s.lookupJWT(text, now)
	}
	if err == nil && !loginToken(t) {
		return nil, store.ErrNotFound
	}
	return t, err
}

// lookupJWT finds what a JWT of ours stands for, expired or not, unless it is
// revoked.
func (s *Service) lookupJWT(text []byte, now int64) (*store.Token, error) {
	if len(text) > maxToken {
		return nil, store.ErrNotFound
	}
	payload, kid, ok := s.keyring.Verify(text, now)
	if !ok {
		return nil, store.ErrNotFound
	}
	t, err := token.ParseClaims(payload)
	if err != nil {
		return nil, store.ErrNotFound
	}
	revoked, err := s.store.Revoked(background, t, kid)
	if err != nil {
		return nil, err
	}
	if revoked {
		return nil, store.ErrNotFound
	}
	return t, nil
}
