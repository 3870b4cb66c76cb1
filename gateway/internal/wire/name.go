package wire

// A Name says what a field is to the gateway, by its name.
type Name uint8

// The names the gateway knows. Everything up to and including Alias is never
// copied from one side to the other.
const (
	Other Name = iota // forwarded as it came

	Connection
	KeepAlive
	ProxyConnection
	ProxyAuthenticate
	ProxyAuthorization
	TE
	TrailerName
	TransferEncoding
	Upgrade
	HTTP2Settings
	Expect
	ContentLength
	Host
	Authorization
	APIKey
	Identity  // X-Auth-…, every one: what the gateway itself tells the upstream
	RequestID // X-Request-Id
	Forwarded // Forwarded, X-Forwarded-…, X-Real-IP
	TraceParent
	Override // names another path or method than the one that is decided on
	Alias    // a spelling that only folds to one of the above

	numNames
)

// known holds the names under which fields are looked up once folded.
var known = map[string]Name{
	"connection":          Connection,
	"keep-alive":          KeepAlive,
	"proxy-connection":    ProxyConnection,
	"proxy-authenticate":  ProxyAuthenticate,
	"proxy-authorization": ProxyAuthorization,
	"te":                  TE,
	"trailer":             TrailerName,
	"transfer-encoding":   TransferEncoding,
	"upgrade":             Upgrade,
	"http2-settings":      HTTP2Settings,
	"expect":              Expect,
	"content-length":      ContentLength,
	"host":                Host,
	"authorization":       Authorization,
	"x-api-key":           APIKey,
	"x-request-id":        RequestID,
	"forwarded":           Forwarded,
	"x-forwarded-for":     Forwarded,
	"x-forwarded-proto":   Forwarded,
	"x-forwarded-host":    Forwarded,
	"x-forwarded-port":    Forwarded,
	"x-forwarded-server":  Forwarded,
	"x-forwarded-prefix":  Forwarded,
	"x-real-ip":           Forwarded,
	"traceparent":         TraceParent,

	"x-original-url":         Override,
	"x-original-uri":         Override,
	"x-original-method":      Override,
	"x-rewrite-url":          Override,
	"x-http-method":          Override,
	"x-http-method-override": Override,
	"x-method-override":      Override,
	"x-forwarded-uri":        Override,
	"x-forwarded-method":     Override,
}

const maxKnown = 22 // the longest key of known

// identity begins the names of Identity: whatever follows is the gateway's to say.
const identity = "x-auth-"

// interesting[c] has bit n set where a known name of n bytes folds to begin
// with c: most names are told apart from all of known by this alone.
var interesting = func() (t [256]uint32) {
	for name := range known {
		if len(name) > maxKnown {
			panic("BUG: maxKnown is below " + name)
		}
		for c := range 256 {
			if fold[c] == name[0] {
				t[c] |= 1 << len(name)
			}
		}
	}
	return t
}()

// nameOf classifies a field name.
func nameOf(name []byte) Name {
	if len(name) > len(identity) && fold[name[0]] == 'x' {
		if n := identityName(name); n != Other {
			return n
		}
	}
	if len(name) > maxKnown || len(name) == 0 || interesting[name[0]]>>len(name)&1 == 0 {
		return Other
	}
	var folded [maxKnown]byte
	dashes := true
	for i, c := range name {
		folded[i] = fold[c]
		dashes = dashes && c != '_' && c != '.'
	}
	n, ok := known[string(folded[:len(name)])]
	switch {
	case !ok:
		return Other
	case !dashes:
		return Alias
	}
	return n
}

// Named says what a field is to the gateway, by its name.
func Named(name []byte) Name { return nameOf(name) }

// identityName is Identity or Alias where name folds to "x-auth-" and more.
func identityName(name []byte) Name {
	n := Identity
	for i, c := range name {
		if i < len(identity) && fold[c] != identity[i] {
			return Other
		}
		if c == '_' || c == '.' {
			n = Alias
		}
	}
	return n
}

// nominable reports whether Connection and Trailer may name the field: nothing
// that frames, routes or identifies a request is theirs to take away or to add.
func (n Name) nominable() bool {
	switch n {
	case Other, KeepAlive, ProxyConnection, TE, Upgrade, HTTP2Settings:
		return true
	}
	return false
}
