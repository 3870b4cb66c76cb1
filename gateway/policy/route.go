package policy

import "time"

// Route is one entry of the configuration's routes: which requests it takes,
// who may make them and where they go. One of Path, Prefix and Regex says which paths.
type Route struct {
	// Host is the name in the Host field, shop.example, or *.shop.example for all names below it; a port does not count. Empty takes every host that no other route of the path names.
	Host string `yaml:"host"`
	// Prefix is a path, taken to end where a segment ends: /orders is also /orders/1, and not /ordersx. The longest one wins.
	Prefix string `yaml:"prefix"`
	// Path is one path, exactly. It comes before prefixes and regexes.
	Path string `yaml:"path"`
	// Regex is a regular expression (RE2) for the whole path. It counts as a prefix as long as its text up to the last slash before its first special character, and comes before that prefix.
	Regex string `yaml:"regex"`
	// Methods are allowed; GET includes HEAD. Empty allows all.
	Methods []string `yaml:"methods"`
	// Upstream is a URL, or a name of upstreams. Required.
	Upstream string `yaml:"upstream"`
	// Roles of which the caller needs one. Empty needs none.
	Roles []string `yaml:"roles"`
	// Scopes of which the caller needs all. Empty needs none.
	Scopes []string `yaml:"scopes"`
	// Public lets everybody pass, without any identity.
	Public bool `yaml:"public"`
	// EncodedSlashes lets %2f pass undecoded.
	EncodedSlashes bool `yaml:"encoded_slashes"`
	// PathAllows lists what else a path may have: semicolons, empty_segments, encoded_delimiters (%3f, %23), brackets ([ ] { } |), latin1 (escapes that are not UTF-8).
	PathAllows []string `yaml:"path_allows"`
	// WebSocket lets connections be upgraded to WebSocket.
	WebSocket bool `yaml:"websocket"`
	// MaxBody bounds a request body in bytes; 0 for no bound. Default 0.
	MaxBody int64 `yaml:"max_body"`
	// Timeout is how long the upstream may take to begin its answer, and to take a piece of a streamed body. Default 30s.
	Timeout time.Duration `yaml:"timeout"`
	// StreamTimeout is how long an answer under way may pause. Default 5m.
	StreamTimeout time.Duration `yaml:"stream_timeout"`
}

// Where is the host and the path of the route as the configuration has them:
// its name in metrics, logs and explanations.
func (r *Route) Where() string {
	switch {
	case r.Path != "":
		return r.Host + r.Path
	case r.Regex != "":
		return r.Host + r.Regex
	}
	return r.Host + r.Prefix
}

// Why says in words how the route takes a path.
func (r *Route) Why() string {
	kind := "prefix " + r.Prefix + ", the longest that matches"
	switch {
	case r.Path != "":
		kind = "path " + r.Path
	case r.Regex != "":
		kind = "regex " + r.Regex
	}
	if r.Host != "" {
		return "host " + r.Host + ", " + kind
	}
	return kind
}
