package admin

import (
	"context"
	"errors"
	"io"

	"github.com/tollgate/tollgate/introspect/signing"
)

// Admin is what an operator may do.
type Admin interface {
	// AddUser adds a person, or with Replace set changes one: password and what
	// n names; the rest stays. The sessions of the old password end.
	AddUser(context.Context, NewUser) (User, error)
	Users(context.Context) ([]User, error)
	// SetUser changes what c names of a person. Where a role or a scope is taken
	// away, the person's sessions end, since their tokens have it.
	SetUser(ctx context.Context, c UserChange) (User, error)
	// SetPassword changes a person's password and ends their sessions.
	SetPassword(ctx context.Context, id string, password []byte) (User, error)
	// EnableUser lets a disabled person log in again.
	EnableUser(ctx context.Context, id string) (User, error)
	// DeleteUser ends a person's sessions and removes the account with what is
	// kept of its logins and consents. The id may be given to another.
	DeleteUser(ctx context.Context, id string) (User, error)
	// UnlockUser forgets the failed logins of a person, except those that count
	// against the address that they came from.
	UnlockUser(ctx context.Context, id string) (User, error)
	// DisableUser bars a person and revokes all tokens they have.
	DisableUser(ctx context.Context, id string) (User, error)
	// ImportUsers adds people with the hashes that another system kept of
	// their passwords. It reads everything before it adds anything.
	ImportUsers(ctx context.Context, format Format, from io.Reader) (Imported, error)

	// AddClient adds a client, or with Replace set changes one, whose old
	// secret and tokens are then dead. It returns the client's secret.
	AddClient(context.Context, NewClient) (Client, string, error)
	Clients(context.Context) ([]Client, error)
	// SetClient changes what c names of a client. Where a right is taken away,
	// the client's tokens are revoked. Its secrets stay.
	SetClient(ctx context.Context, c ClientChange) (Client, error)
	// EnableClient lets a disabled client authenticate again.
	EnableClient(ctx context.Context, id string) (Client, error)
	// DisableClient bars a client and revokes all tokens it has.
	DisableClient(ctx context.Context, id string) (Client, error)

	// AddSecret gives a client a second secret beside the one it has, and
	// returns it: given, or a new one where given is nil.
	AddSecret(ctx context.Context, client string, given []byte) (Secret, string, error)
	Secrets(ctx context.Context, client string) ([]Secret, error)
	// RemoveSecret ends one of a client's two secrets. Tokens that were
	// obtained with it stay good until they expire.
	RemoveSecret(ctx context.Context, client, id string) (Secret, error)

	// Sessions lists the live sessions of a person, or all where user is empty.
	Sessions(ctx context.Context, user string) ([]Session, error)
	// RevokeSession ends one session and the tokens of it.
	RevokeSession(ctx context.Context, id string) (Session, error)
	// RevokeSessions ends all sessions of a person and their tokens. It returns
	// those that there were.
	RevokeSessions(ctx context.Context, user string) ([]Session, error)

	Keys(context.Context) ([]signing.Info, error)
	// NewKey adds a signing key that signs at once.
	NewKey(context.Context) (signing.Info, error)
	// RotateKey publishes a new key, which takes over when every verifier has
	// had the time to fetch it; the old one stays published for as long as a
	// token of its may live.
	RotateKey(context.Context) (signing.Info, error)
	// RetireKey ends a key at once: it is published no more, and the tokens
	// that it signed are revoked.
	RetireKey(ctx context.Context, kid string) (signing.Info, error)
	// ExportKeys returns the keys with their private parts, a JWK set: whoever
	// has it can sign tokens.
	ExportKeys(context.Context) ([]byte, error)
	// ImportKeys adds the keys of such a set; those that are there already are
	// left as they are.
	ImportKeys(ctx context.Context, set []byte) (Imported, error)

	Close() error
}

// NewUser describes a person to add.
type NewUser struct {
	ID       string   `json:"id"`
	Password []byte   `json:"password"`
	Roles    []string `json:"roles,omitempty"`
	Scopes   []string `json:"scopes,omitempty"`
	Replace  bool     `json:"replace,omitempty"`
}

// UserChange names what is to change of a person; nil stays as it is.
type UserChange struct {
	ID     string    `json:"id"`
	Roles  *[]string `json:"roles"`
	Scopes *[]string `json:"scopes"`
	Name   *string   `json:"name"`
	Email  *string   `json:"email"`
	// EmailVerified says that Email is known to be the person's. A new address
	// is not, unless this says so.
	EmailVerified *bool `json:"email_verified"`
}

// ClientChange names what is to change of a client; nil stays as it is.
type ClientChange struct {
	ID             string    `json:"id"`
	Roles          *[]string `json:"roles"`
	Scopes         *[]string `json:"scopes"`
	Audiences      *[]string `json:"audiences"`
	Service        *bool     `json:"service"`
	Name           *string   `json:"name"`
	RedirectURIs   *[]string `json:"redirect_uris"`
	PostLogoutURIs *[]string `json:"post_logout_redirect_uris"`
	FirstParty     *bool     `json:"first_party"`
	RequirePAR     *bool     `json:"require_par"`
	TokenFormat    *string   `json:"token_format,omitempty"`
	TokenAlg       *string   `json:"token_alg,omitempty"`
	IDTokenAlg     *string   `json:"id_token_alg,omitempty"`
}

// Session is a login that goes on: with tokens of its own, or of a browser,
// with which applications begin such sessions.
type Session struct {
	ID      string `json:"id"`
	User    string `json:"user"`
	Client  string `json:"client,omitempty"` // empty for a browser's login
	Browser string `json:"browser,omitempty"`
	Network string `json:"network,omitempty"`
	Started int64  `json:"started"`
	Expires int64  `json:"expires"`
}

// User is what may be told about a person.
type User struct {
	Name          string `json:"name,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"email_verified,omitempty"`

	ID       string   `json:"id"`
	Roles    []string `json:"roles"`
	Scopes   []string `json:"scopes"`
	Disabled bool     `json:"disabled"`
	Created  int64    `json:"created"`
}

// NewClient describes a client to add.
type NewClient struct {
	ID        string   `json:"id"`
	Secret    []byte   `json:"secret,omitempty"` // one from elsewhere; nil: a new one is made
	Roles     []string `json:"roles,omitempty"`
	Scopes    []string `json:"scopes,omitempty"`
	Audiences []string `json:"audiences,omitempty"`
	Service   bool     `json:"service,omitempty"`
	Replace   bool     `json:"replace,omitempty"`
	Application
	TokenForm
}

// TokenForm is what a client's tokens are, where that is not the service's usual
// form; each may be empty.
type TokenForm struct {
	TokenFormat string `json:"token_format,omitempty"` // of access tokens: jwt or opaque
	TokenAlg    string `json:"token_alg,omitempty"`    // of access tokens that are JWTs: EdDSA, RS256 or ES256
	IDTokenAlg  string `json:"id_token_alg,omitempty"` // EdDSA, RS256 or ES256; RS256 where it is empty
}

// Application is what makes a client one that logs people in: it has redirect
// URIs.
type Application struct {
	Name           string   `json:"name,omitempty"` // what the pages call it; empty: its id
	RedirectURIs   []string `json:"redirect_uris,omitempty"`
	PostLogoutURIs []string `json:"post_logout_redirect_uris,omitempty"`
	Public         bool     `json:"public,omitempty"`      // it has no secret
	FirstParty     bool     `json:"first_party,omitempty"` // nobody is asked for consent
	RequirePAR     bool     `json:"require_par,omitempty"` // its requests are pushed (RFC 9126)
}

// Client is what may be told about a client.
type Client struct {
	ID        string   `json:"id"`
	Roles     []string `json:"roles"`
	Scopes    []string `json:"scopes"`
	Audiences []string `json:"audiences"`
	Service   bool     `json:"service"`
	Disabled  bool     `json:"disabled"`
	Created   int64    `json:"created"`
	Application
	TokenForm
}

// Secret is what may be told about a client's secret.
type Secret struct {
	// ID is the first eight hexadecimal digits of its SHA-256.
	ID      string `json:"id"`
	Created int64  `json:"created"`
}

// Imported is what an import did.
type Imported struct {
	Added  int `json:"added"`
	Exists int `json:"exists"` // ids that were there already, and were left as they are
}

var (
	// ErrExists: the id is taken, by a user or by a client. Both are subjects
	// of tokens, so one id must not name two (RFC 9068, section 5).
	ErrExists = errors.New("id is taken")
	// ErrNotFound: no account of that id.
	ErrNotFound = errors.New("no such account")
	// ErrNoSession: no live session of that id.
	ErrNoSession = errors.New("no such session")
	// ErrProfile: a name or an email address that cannot be one.
	ErrProfile = errors.New("name must be at most 100 bytes of UTF-8, and email an address")
	// ErrChanged: somebody else changed the account at the same time.
	ErrChanged = errors.New("account has changed meanwhile")
	// ErrReserved: the id is the one that logins go by.
	ErrReserved = errors.New("id is the login client's")
	// ErrApplication: the parts of an application do not go together.
	ErrApplication = errors.New("no such application can be")
	// ErrTwoSecrets: a client has two secrets at most.
	ErrTwoSecrets = errors.New("client has two secrets already: remove one first")
	// ErrLastSecret: without its last secret a client could do nothing.
	ErrLastSecret = errors.New("client has no other secret: add one first, or disable the client")
	// ErrNoSecret: no secret of that id.
	ErrNoSecret = errors.New("client has no such secret")
	// ErrSameSecret: the client has this secret already.
	ErrSameSecret = errors.New("client has this secret already")
	// ErrPublic: a public client has no secrets.
	ErrPublic = errors.New("client is public, and has no secrets")
	// ErrAudience: a client needs its audiences to be names without spaces.
	ErrAudience = errors.New("audience must be printable ASCII without space, quote or backslash")
)
