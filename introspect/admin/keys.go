package admin

import (
	"context"
	"errors"

	"github.com/tollgate/tollgate/introspect/signing"
	"github.com/tollgate/tollgate/introspect/store"
)

// Keys implements Admin.
func (l *Local) Keys(context.Context) ([]signing.Info, error) {
	return l.Keyring.List(l.now()), nil
}

// NewKey implements Admin.
func (l *Local) NewKey(context.Context) (signing.Info, error) {
	now := l.now()
	return l.made(l.Keyring.New(now, now))
}

// RotateKey implements Admin.
func (l *Local) RotateKey(ctx context.Context) (signing.Info, error) {
	now := l.now()
	if l.Keyring.Ready(now) != nil { // nobody waits for the first key's successor
		return l.NewKey(ctx)
	}
	return l.made(l.Keyring.New(now, now+seconds(l.Lead)))
}

func (l *Local) made(k signing.Info, err error) (signing.Info, error) {
	if err == nil {
		l.Log.Info("audit", "event", "signing key made", "kid", k.ID, "signs_from", k.Signs)
	}
	return k, err
}

// RetireKey implements Admin.
func (l *Local) RetireKey(ctx context.Context, kid string) (signing.Info, error) {
	now := l.now()
	k, err := l.Keyring.Retire(kid, now)
	if errors.Is(err, signing.ErrUnknownKey) {
		return k, err
	}
	if err != nil {
		return k, err
	}
	// The event follows even where the key was retired before: then an earlier
	// call may have failed between the two.
	end := now + l.Keyring.Tail()
	events := []store.Event{}
	for _, companion := range signing.CompanionIDs(kid) { // by which verifiers know them
		events = append(events, store.Event{Kind: store.KindKey, ID: companion, Expires: end})
	}
	err = l.Store.Revoke(ctx, append(events, store.Event{Kind: store.KindKey, ID: kid, Expires: end})...)
	if err != nil {
		return k, err
	}
	l.Log.Info("audit", "event", "signing key retired", "kid", kid)
	return k, nil
}

// ExportKeys implements Admin.
func (l *Local) ExportKeys(context.Context) ([]byte, error) {
	set, err := l.Keyring.Export()
	if err == nil {
		l.Log.Warn("audit", "event", "signing keys exported")
	}
	return set, err
}

// ImportKeys implements Admin.
func (l *Local) ImportKeys(_ context.Context, set []byte) (Imported, error) {
	added, exist, err := l.Keyring.Import(set)
	if err == nil {
		l.Log.Info("audit", "event", "signing keys imported", "added", added, "exist", exist)
	}
	return Imported{added, exist}, err
}
