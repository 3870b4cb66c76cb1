package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tollgate/tollgate/introspect/authorize"
	"github.com/tollgate/tollgate/introspect/store"
)

// Sessions implements Admin. The newest come first.
func (l *Local) Sessions(ctx context.Context, user string) ([]Session, error) {
	found := []Session{}
	err := l.Store.Walk(ctx, l.now(), store.Visitor{
		Session: func(x *store.Session) error {
			if user == "" || x.Subject == user {
				found = append(found, Session{ID: x.ID, User: x.Subject, Client: x.ClientID, Started: x.Started, Expires: x.Expires})
			}
			return nil
		},
		Record: func(r *store.Record) error {
			if r.Kind != store.RecordBrowser || user != "" && r.Owner != user {
				return nil
			}
			var b authorize.Browser
			if err := json.Unmarshal(r.Value, &b); err != nil {
				return err
			}
			ended, err := l.Store.Revoked(ctx, &store.Token{ID: b.ID, Session: b.ID, Subject: b.Subject, Issued: b.AuthTime}, "")
			if err != nil || ended {
				return err
			}
			found = append(found, Session{ID: b.ID, User: b.Subject, Browser: cmp.Or(b.Agent, "unknown"), Network: b.Network, Started: b.AuthTime, Expires: r.Expires})
			return nil
		},
	})
	slices.SortFunc(found, func(a, b Session) int {
		return cmp.Or(cmp.Compare(b.Started, a.Started), cmp.Compare(a.ID, b.ID))
	})
	return found, err
}

// RevokeSession implements Admin.
func (l *Local) RevokeSession(ctx context.Context, id string) (Session, error) {
	all, err := l.Sessions(ctx, "")
	if err != nil {
		return Session{}, err
	}
	i := slices.IndexFunc(all, func(s Session) bool { return s.ID == id })
	if i < 0 {
		return Session{}, fmt.Errorf("%w: %q", ErrNoSession, id)
	}
	s, now := all[i], l.now()
	horizon := now + l.Keyring.Tail()
	err = l.Store.Revoke(ctx, store.Event{Kind: store.KindSession, ID: id, Expires: max(horizon, s.Expires)})
	if err != nil {
		return s, err
	}
	if s.Client == "" {
		// The sessions that applications have begun with a browser's login end with
		// it. They are listed after its revocation, as in authorize.Server.End.
		begun, err := authorize.Begun(ctx, l.Store, id, "", now)
		if err != nil {
			return s, err
		}
		var events []store.Event
		for _, session := range begun {
			events = append(events, store.Event{Kind: store.KindSession, ID: session, Expires: horizon})
		}
		if err := l.Store.Revoke(ctx, events...); err != nil {
			return s, err
		}
	}
	l.Log.Info("audit", "event", "session revoked", "session", id, "user", s.User)
	return s, nil
}

// RevokeSessions implements Admin.
func (l *Local) RevokeSessions(ctx context.Context, user string) ([]Session, error) {
	if _, err := l.Store.User(ctx, user); err != nil {
		return nil, wrap(err, user)
	}
	had, err := l.Sessions(ctx, user)
	if err != nil {
		return nil, err
	}
	if err := l.bar(ctx, user, store.KindSubject); err != nil {
		return nil, err
	}
	l.Log.Info("audit", "event", "sessions revoked", "user", user, "sessions", len(had))
	return had, nil
}
