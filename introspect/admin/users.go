package admin

import (
	"context"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/store"
)

// AddUser implements Admin.
func (l *Local) AddUser(ctx context.Context, n NewUser) (User, error) {
	if err := checkUser(n.ID, n.Roles, n.Scopes); err != nil {
		return User{}, err
	}
	hash, err := l.Hasher.Hash(ctx, n.Password)
	if err != nil {
		return User{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	u := &store.User{ID: n.ID, Hash: hash, Roles: n.Roles, Scopes: n.Scopes, Created: l.now()}
	var old *store.User
	if n.Replace {
		if old, err = l.Store.User(ctx, n.ID); err != nil {
			return User{}, wrap(err, n.ID)
		}
		u.Created = old.Created
	} else if err := l.free(ctx, n.ID); err != nil {
		return User{}, err
	}
	if err := l.Store.PutUser(ctx, u, old); err != nil {
		return User{}, wrap(err, n.ID)
	}
	if n.Replace {
		if err := l.bar(ctx, n.ID, store.KindSubject); err != nil {
			return User{}, err
		}
	}
	l.Log.Info("audit", "event", "user added", "user", n.ID, "roles", n.Roles, "replaced", n.Replace)
	return userInfo(u), nil
}

// Users implements Admin.
func (l *Local) Users(ctx context.Context) ([]User, error) {
	users, err := l.Store.Users(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]User, len(users))
	for i, u := range users {
		list[i] = userInfo(u)
	}
	return list, nil
}

// DisableUser implements Admin.
func (l *Local) DisableUser(ctx context.Context, id string) (User, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, err := l.Store.User(ctx, id)
	if err != nil {
		return User{}, wrap(err, id)
	}
	u := *old
	u.Disabled = true
	if err := l.Store.PutUser(ctx, &u, old); err != nil {
		return User{}, wrap(err, id)
	}
	if err := l.bar(ctx, id, store.KindSubject); err != nil {
		return User{}, err
	}
	l.Log.Info("audit", "event", "user disabled", "user", id)
	return userInfo(&u), nil
}

func checkUser(id string, roles, scopes []string) error {
	if err := account.CheckUserID(id); err != nil {
		return err
	}
	if err := account.CheckRoles(roles); err != nil {
		return err
	}
	return account.CheckScopes(scopes)
}

func userInfo(u *store.User) User {
	return User{u.ID, list(u.Roles), list(u.Scopes), u.Disabled, u.Created}
}

// list makes an absent list an empty one, which JSON writes as [].
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
