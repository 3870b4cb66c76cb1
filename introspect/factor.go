package introspect

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/authorize"
	"github.com/tollgate/tollgate/introspect/store"
)

// recoveryCodes is how many codes a person gets for when the second factor is
// lost. Each has 80 random bits.
const recoveryCodes = 8

// newRecovery makes recovery codes and what is kept of them.
func newRecovery() (codes []string, digests []store.Digest) {
	for range recoveryCodes {
		var random [10]byte
		rand.Read(random[:])
		code := base32.StdEncoding.EncodeToString(random[:])
		codes = append(codes, code[:4]+"-"+code[4:8]+"-"+code[8:12]+"-"+code[12:])
		digests = append(digests, recoveryDigest(code))
	}
	return codes, digests
}

func recoveryDigest(code string) store.Digest {
	code = strings.ToUpper(strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, code))
	return store.DigestOf([]byte("recovery " + code))
}

// withCode is user after the use of code, a time-based one or one for recovery,
// which does not work again once that has been stored.
func withCode(user *store.User, code string, now int64) (next *store.User, ok bool) {
	n := *user
	t, ok := account.TOTP{Secret: user.FactorSecret, Last: user.FactorLast}.Check(code, now)
	if ok {
		n.FactorLast = t.Last
		return &n, true
	}
	i := slices.Index(user.Recovery, recoveryDigest(code))
	if i < 0 {
		return nil, false
	}
	n.Recovery = slices.Delete(slices.Clone(user.Recovery), i, i+1)
	return &n, true
}

// checkFactor takes a code of the second factor of a user, within the limits of
// failed logins from a network.
func (s *Service) checkFactor(ctx context.Context, id, network, code string) (*store.User, error) {
	found, err := s.userCalled(ctx, id)
	if err != nil {
		return nil, err
	}
	attempt, wait, err := s.limits.Begin(ctx, countedAs(found, id), network)
	if err != nil {
		return nil, err
	}
	if wait > 0 {
		s.audit("second factor", "outcome", "limited", "user", id, "network", network)
		return nil, tooMany(wait)
	}
	for {
		user, err := s.store.User(ctx, id)
		if gone(err) || err == nil && (user.Disabled || !user.HasFactor()) {
			return nil, errLogin
		}
		if err != nil {
			s.credited(attempt.Cancel(ctx))
			return nil, err
		}
		next, ok := withCode(user, code, s.now().Unix())
		if !ok {
			s.audit("second factor", "outcome", "refused", "user", id, "network", network)
			return nil, errLogin
		}
		err = s.store.PutUser(ctx, next, user)
		if errors.Is(err, store.ErrChanged) {
			continue // look again: the code may have been used by somebody else at this moment
		}
		if err != nil {
			s.credited(attempt.Cancel(ctx))
			return nil, err
		}
		s.credited(attempt.Succeed(ctx))
		return next, nil
	}
}

// factorPage is the pages' way to check a second factor.
func (s *Service) factorPage(ctx context.Context, id, network, code string) (*store.User, error) {
	user, err := s.checkFactor(ctx, id, network, code)
	return user, pageError(err)
}

// pageError is what the pages know an error of a login as.
func pageError(err error) error {
	r, refused := errors.AsType[*refusal](err)
	switch {
	case err == nil:
		return nil
	case r == errInvalidClient: // whose name the request comes in
		return errors.Join(authorize.ErrCaller, err)
	case errors.Is(err, account.ErrBusy), errors.Is(err, account.ErrHung):
		return authorize.ErrBusy
	case errors.Is(err, account.ErrPasswordLength), refused && r.status < 429:
		return authorize.ErrWrong
	case refused && r.status == 429:
		return authorize.ErrLimited
	}
	return err
}

// setFactor gives a user a second factor, once code shows that their
// application has it, and returns the recovery codes. An empty secret takes the
// factor away; then code is one of the factor that is there.
func (s *Service) setFactor(ctx context.Context, id, network string, secret []byte, code string) ([]string, error) {
	if len(secret) == 0 {
		user, err := s.checkFactor(ctx, id, network, code)
		if err != nil {
			return nil, pageError(err)
		}
		next := *user
		next.FactorSecret, next.FactorLast, next.Recovery = nil, 0, nil
		if err := s.store.PutUser(ctx, &next, user); err != nil {
			return nil, err
		}
		s.audit("second factor", "outcome", "removed", "user", id)
		return nil, nil
	}
	t, ok := account.TOTP{Secret: secret}.Check(code, s.now().Unix())
	if !ok {
		return nil, authorize.ErrWrong
	}
	user, err := s.store.User(ctx, id)
	if err != nil {
		return nil, err
	}
	if user.HasFactor() {
		return nil, authorize.ErrWrong // it has to be taken away first
	}
	codes, digests := newRecovery()
	next := *user
	next.FactorSecret, next.FactorLast, next.Recovery = secret, t.Last, digests
	if err := s.store.PutUser(ctx, &next, user); err != nil {
		return nil, err
	}
	s.audit("second factor", "outcome", "set", "user", id)
	return codes, nil
}
