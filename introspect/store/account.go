package store

// User is a person who logs in.
type User struct {
	ID       string   `json:"id"`
	Hash     string   `json:"hash"` // of the password, in PHC string format
	Roles    []string `json:"roles,omitempty"`
	Scopes   []string `json:"scopes,omitempty"`
	Disabled bool     `json:"disabled,omitempty"`
	Created  int64    `json:"created"`
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
}
