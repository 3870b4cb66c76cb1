package admin

import (
	"context"
	"net/mail"
	"slices"
	"unicode/utf8"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/store"
)

// AddUser implements Admin.
func (l *Local) AddUser(ctx context.Context, n NewUser) (User, error) {
	check := checkUser
	if n.Replace { // the id may be older than the rules for new ones
		check = func(_ string, roles, scopes []string) error { return checkRights(roles, scopes) }
	}
	if err := check(n.ID, n.Roles, n.Scopes); err != nil {
		return User{}, err
	}
	hash, err := l.hash(ctx, n.ID, n.Password)
	if err != nil {
		return User{}, err
	}
	if n.Replace {
		return l.changeUser(ctx, n.ID, "user replaced", func(u *store.User) (ends bool) {
			u.Hash = hash
			if n.Roles != nil {
				u.Roles = n.Roles
			}
			if n.Scopes != nil {
				u.Scopes = n.Scopes
			}
			return true
		})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	u := &store.User{ID: n.ID, Hash: hash, Roles: n.Roles, Scopes: n.Scopes, Created: l.now()}
	if err := l.free(ctx, n.ID); err != nil {
		return User{}, err
	}
	if err := l.Store.PutUser(ctx, u, nil); err != nil {
		return User{}, wrap(err, n.ID)
	}
	l.auditUser("user added", u)
	return userInfo(u), nil
}

// hash hashes a new password that the rules allow.
func (l *Local) hash(ctx context.Context, id string, password []byte) (string, error) {
	if err := account.CheckNewPassword(id, password, l.MinPassword); err != nil {
		return "", err
	}
	return l.Hasher.Hash(ctx, password)
}

// changeUser stores what change makes of a user. The user's sessions end where
// change returns true.
func (l *Local) changeUser(ctx context.Context, id, event string, change func(*store.User) (ends bool)) (User, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, err := l.Store.User(ctx, id)
	if err != nil {
		return User{}, wrap(err, id)
	}
	u := *old
	ends := change(&u)
	if err := l.Store.PutUser(ctx, &u, old); err != nil {
		return User{}, wrap(err, id)
	}
	if ends {
		if err := l.bar(ctx, id, store.KindSubject); err != nil {
			return User{}, err
		}
	}
	l.auditUser(event, &u)
	return userInfo(&u), nil
}

func (l *Local) auditUser(event string, u *store.User) {
	l.Log.Info("audit", "event", event, "user", u.ID, "roles", u.Roles, "scopes", u.Scopes, "disabled", u.Disabled)
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

// SetUser implements Admin.
func (l *Local) SetUser(ctx context.Context, c UserChange) (User, error) {
	if err := checkRights(either(c.Roles), either(c.Scopes)); err != nil {
		return User{}, err
	}
	if c.Name != nil && (len(*c.Name) > 100 || !utf8.ValidString(*c.Name)) {
		return User{}, ErrProfile
	}
	if c.Email != nil && *c.Email != "" {
		if a, err := mail.ParseAddress(*c.Email); err != nil || a.Address != *c.Email {
			return User{}, ErrProfile
		}
	}
	return l.changeUser(ctx, c.ID, "user changed", func(u *store.User) (ends bool) {
		if c.Roles != nil {
			ends = ends || takesAway(u.Roles, *c.Roles)
			u.Roles = *c.Roles
		}
		if c.Scopes != nil {
			ends = ends || takesAway(u.Scopes, *c.Scopes)
			u.Scopes = *c.Scopes
		}
		if c.Name != nil {
			u.Name = *c.Name
		}
		if c.Email != nil && *c.Email != u.Email {
			u.Email, u.EmailVerified = *c.Email, false
		}
		if c.EmailVerified != nil {
			u.EmailVerified = *c.EmailVerified && u.Email != ""
		}
		return ends
	})
}

// takesAway reports whether next lacks anything of old.
func takesAway(old, next []string) bool {
	return slices.ContainsFunc(old, func(s string) bool { return !slices.Contains(next, s) })
}

// either is what p points to, or nothing.
func either(p *[]string) []string {
	if p == nil {
		return nil
	}
	return *p
}

// SetPassword implements Admin.
func (l *Local) SetPassword(ctx context.Context, id string, password []byte) (User, error) {
	if _, err := l.Store.User(ctx, id); err != nil {
		return User{}, wrap(err, id) // before the work of a hash
	}
	hash, err := l.hash(ctx, id, password)
	if err != nil {
		return User{}, err
	}
	return l.changeUser(ctx, id, "password changed", func(u *store.User) (ends bool) {
		u.Hash = hash
		return true
	})
}

// DisableUser implements Admin.
func (l *Local) DisableUser(ctx context.Context, id string) (User, error) {
	return l.changeUser(ctx, id, "user disabled", func(u *store.User) (ends bool) {
		u.Disabled = true
		return true
	})
}

// EnableUser implements Admin.
func (l *Local) EnableUser(ctx context.Context, id string) (User, error) {
	return l.changeUser(ctx, id, "user enabled", func(u *store.User) (ends bool) {
		u.Disabled = false
		return false
	})
}

// UnlockUser implements Admin.
func (l *Local) UnlockUser(ctx context.Context, id string) (User, error) {
	return l.changeUser(ctx, id, "user unlocked", func(u *store.User) (ends bool) {
		u.Unlocked++
		return false
	})
}

// DeleteUser implements Admin. The account is disabled and its sessions end
// before it goes: a call that fails in between can be made again.
func (l *Local) DeleteUser(ctx context.Context, id string) (User, error) {
	gone, err := l.DisableUser(ctx, id)
	if err != nil {
		return gone, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, kind := range []store.RecordKind{store.RecordBrowser, store.RecordConsent} {
		kept, err := l.Store.Owned(ctx, kind, id, l.now())
		if err != nil {
			return gone, err
		}
		for _, r := range kept {
			if err := l.Store.Drop(ctx, r); err != nil {
				return gone, err
			}
		}
	}
	u, err := l.Store.User(ctx, id)
	if err != nil {
		return gone, wrap(err, id)
	}
	if err := l.Store.DropUser(ctx, u); err != nil {
		return gone, wrap(err, id)
	}
	l.auditUser("user deleted", u)
	return gone, nil
}

func checkUser(id string, roles, scopes []string) error {
	if err := account.CheckUserID(id); err != nil {
		return err
	}
	return checkRights(roles, scopes)
}

func checkRights(roles, scopes []string) error {
	if err := account.CheckRoles(roles); err != nil {
		return err
	}
	return account.CheckScopes(scopes)
}

func userInfo(u *store.User) User {
	return User{
		ID: u.ID, Roles: list(u.Roles), Scopes: list(u.Scopes), Disabled: u.Disabled, Created: u.Created,
		Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerified,
	}
}

// list makes an absent list an empty one, which JSON writes as [].
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
