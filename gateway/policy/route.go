package policy

import "time"

// Route is one entry of the configuration's routes: which requests it takes,
// who may make them and where they go.
type Route struct {
	// Prefix is the path, taken to end where a segment ends: /orders is also /orders/1, and not /ordersx. The longest one wins. Required.
	Prefix string `yaml:"prefix"`
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
	// WebSocket lets connections be upgraded to WebSocket.
	WebSocket bool `yaml:"websocket"`
	// MaxBody bounds a request body in bytes; 0 for no bound. Default 0.
	MaxBody int64 `yaml:"max_body"`
	// Timeout is how long the upstream may take to begin its answer, and to take a piece of a streamed body. Default 30s.
	Timeout time.Duration `yaml:"timeout"`
	// StreamTimeout is how long an answer under way may pause. Default 5m.
	StreamTimeout time.Duration `yaml:"stream_timeout"`
}
