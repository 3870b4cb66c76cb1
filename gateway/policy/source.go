package policy

import (
	"fmt"
	"strings"
)

// A Source is a place in a request where a token can be.
type Source struct {
	Kind SourceKind
	Name string // of the cookie, the field or the parameter
}

// A SourceKind says what kind of place a Source is.
type SourceKind uint8

// The kinds of sources.
const (
	FromAuthorization SourceKind = iota // Authorization, and a client's own credentials
	FromCookie
	FromHeader
	FromQuery
	FromWebSocket // Sec-WebSocket-Protocol: bearer, TOKEN
)

// sources reads token_from.
func sources(list []string) (found []Source, err error) {
	for i, s := range list {
		kind, name, named := strings.Cut(s, ":")
		src := Source{Name: name}
		switch {
		case s == "authorization":
		case s == "websocket":
			src.Kind = FromWebSocket
		case kind == "cookie" && named && token(name):
			src.Kind = FromCookie
		case kind == "header" && named && fieldName(name) == nil && foldName(name) != "cookie":
			src.Kind = FromHeader
		case kind == "query" && named && name != "" && !strings.ContainsAny(name, "&=%+# "):
			src.Kind = FromQuery
		default:
			return nil, wrong(fmt.Sprintf("token_from[%d]", i), "want authorization, cookie:NAME, header:NAME, query:NAME or websocket, not %q", s)
		}
		found = append(found, src)
	}
	return found, nil
}

// dropped are the fields that carry tokens and are not copied; what else a cookie
// or subprotocol field has is written anew.
func dropped(list []Source) (names []string) {
	for _, s := range list {
		switch s.Kind {
		case FromHeader:
			names = append(names, s.Name)
		case FromCookie:
			names = append(names, "Cookie")
		case FromWebSocket:
			names = append(names, "Sec-WebSocket-Protocol")
		}
	}
	return names
}
