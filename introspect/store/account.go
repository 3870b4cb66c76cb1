package store

// User is a person who logs in.
type User struct {
	ID       string   `json:"id"`
	Hash     string   `json:"hash"` // of the password, in PHC string format
	Roles    []string `json:"roles,omitempty"`
	Scopes   []string `json:"scopes,omitempty"`
	Disabled bool     `json:"disabled,omitempty"`
	Created  int64    `json:"created"`

	// What userinfo says of the person, where the scopes profile and email ask
	// for it (OpenID Connect Core, section 5.1).
	Name          string `json:"name,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"email_verified,omitempty"`
}

// Client is a program that authenticates with a secret of its own.
type Client struct {
	ID        string   `json:"id"`
	Secret    Digest   `json:"secret"` // of a random secret of 256 bits
	Roles     []string `json:"roles,omitempty"`
	Scopes    []string `json:"scopes,omitempty"`
	Audiences []string `json:"audiences,omitempty"`
	// Service clients are trusted parts of the installation: they introspect,
	// follow the feed, vouch for the address of a user who logs in through
	// them, exchange tokens, and end login sessions.
	Service  bool  `json:"service,omitempty"`
	Disabled bool  `json:"disabled,omitempty"`
	Created  int64 `json:"created"`

	// An application that logs people in has redirect URIs (RFC 6749, section
	// 3.1.2); a code goes to one of them and nowhere else.
	RedirectURIs   []string `json:"redirect_uris,omitempty"`
	PostLogoutURIs []string `json:"post_logout_redirect_uris,omitempty"`
	Public         bool     `json:"public,omitempty"`      // it has no secret (RFC 6749, section 2.1)
	FirstParty     bool     `json:"first_party,omitempty"` // nobody is asked for consent
	Name           string   `json:"name,omitempty"`        // what the pages call it; empty: its id
}
