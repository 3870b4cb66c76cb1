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
	if len(text) > maxToken {
		return nil, store.ErrNotFound
	}
	payload, kid, ok := s.keyring.Verify(text, now)
	if !ok {
		return nil, store.ErrNotFound
	}
	t, err := token.ParseClaims(payload)
	if err != nil || t.Expires <= now {
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
