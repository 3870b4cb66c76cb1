package store

// User is a person who logs in.
type User struct {
	ID       string   `json:"id"`
	Hash     string   `json:"hash"` // of the password, in PHC string format
	Roles    []string `json:"roles,omitempty"`
	Scopes   []string `json:"scopes,omitempty"`
	Disabled bool     `json:"disabled,omitempty"`
	Created  int64    `json:"created"`
	// Unlocked counts how often an operator has let the user try again after
	// failed logins: failures are counted under it.
	Unlocked int64 `json:"unlocked,omitempty"`

	// What userinfo says of the person, where the scopes profile and email ask
	// for it (OpenID Connect Core, section 5.1).
	Name          string `json:"name,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"email_verified,omitempty"`

	// The second factor: the secret of time-based codes (RFC 6238) and the last
	// step for which one was taken, and digests of codes for when it is lost.
	FactorSecret []byte   `json:"factor_secret,omitempty"`
	FactorLast   int64    `json:"factor_last,omitempty"`
	Recovery     []Digest `json:"recovery,omitempty"`
}

// HasFactor reports whether a password alone does not log u in.
func (u *User) HasFactor() bool { return len(u.FactorSecret) > 0 }

// Client is a program that authenticates with a secret of its own.
type Client struct {
	ID string `json:"id"`
	// Secret and Second are what Secrets returns. A client has two while one
	// takes the other's place; one that is public has none.
	Secret    Digest   `json:"secret"`           // of a random secret of 256 bits
	Made      int64    `json:"made,omitempty"`   // when Secret was made; 0: with the client
	Second    *Secret  `json:"second,omitempty"` // the newer one
	Roles     []string `json:"roles,omitempty"`
	Scopes    []string `json:"scopes,omitempty"`
	Audiences []string `json:"audiences,omitempty"`
	// Service clients are trusted parts of the installation: they introspect,
	// follow the feed, vouch for the address of a user who logs in through
	// them, exchange tokens, and end login sessions.
	Service  bool  `json:"service,omitempty"`
	Disabled bool  `json:"disabled,omitempty"`
	Created  int64 `json:"created"`

	// What its access tokens are: jwt or opaque, and how they are signed, where that
	// is not what the service's configuration says (EdDSA).
	TokenFormat string `json:"token_format,omitempty"`
	TokenAlg    string `json:"token_alg,omitempty"`

	// An application that logs people in has redirect URIs (RFC 6749, section
	// 3.1.2); a code goes to one of them and nowhere else.
	RedirectURIs   []string `json:"redirect_uris,omitempty"`
	PostLogoutURIs []string `json:"post_logout_redirect_uris,omitempty"`
	Public         bool     `json:"public,omitempty"`       // it has no secret (RFC 6749, section 2.1)
	FirstParty     bool     `json:"first_party,omitempty"`  // nobody is asked for consent
	RequirePAR     bool     `json:"require_par,omitempty"`  // its requests are pushed (RFC 9126, section 6)
	IDTokenAlg     string   `json:"id_token_alg,omitempty"` // RS256 where it is empty (OpenID Connect Core, section 15.1)
	Name           string   `json:"name,omitempty"`         // what the pages call it; empty: its id
}

// Secret is what is kept of a client's secret.
type Secret struct {
	Digest Digest `json:"digest"`
	Made   int64  `json:"made"` // Unix seconds
}

// Secrets are the secrets that c may authenticate with, the oldest first.
func (c *Client) Secrets() []Secret {
	if c.Secret == (Digest{}) {
		return nil
	}
	first := Secret{c.Secret, c.Made}
	if first.Made == 0 {
		first.Made = c.Created
	}
	if c.Second == nil {
		return []Secret{first}
	}
	return []Secret{first, *c.Second}
}

// SetSecrets makes list, of two secrets at most, those that c may authenticate
// with, the oldest first.
func (c *Client) SetSecrets(list ...Secret) {
	c.Secret, c.Made, c.Second = Digest{}, 0, nil
	switch len(list) {
	case 0:
	case 1:
		c.Secret, c.Made = list[0].Digest, list[0].Made
	case 2:
		c.Secret, c.Made = list[0].Digest, list[0].Made
		c.Second = &list[1]
	default:
		panic("BUG: a client has two secrets at most")
	}
}
