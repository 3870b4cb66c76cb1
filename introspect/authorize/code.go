package authorize

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/tollgate/tollgate/introspect/store"
)

// codeTTL is how long a code may be redeemed, in seconds (RFC 6749, section
// 4.1.2: ten minutes at most).
const codeTTL = 60

// CodePrefix begins every authorization code.
const CodePrefix = "tgc_"

// A Code is what an authorization code stands for.
type Code struct {
	ClientID    string   `json:"client"`
	RedirectURI string   `json:"uri"`
	GivenURI    bool     `json:"given,omitempty"`
	Challenge   string   `json:"challenge"`
	Subject     string   `json:"sub"`
	Scope       string   `json:"scope,omitempty"`
	Audience    []string `json:"aud,omitempty"`
	Nonce       string   `json:"nonce,omitempty"`
	Browser     string   `json:"sid"` // the id of the browser's login
	AuthTime    int64    `json:"auth_time"`
	Methods     []string `json:"amr,omitempty"`
	Issued      int64    `json:"iat"`
	Ends        int64    `json:"ends"`           // of the browser's login
	Used        string   `json:"used,omitempty"` // the session that was begun with it
}

// newSecret makes 256 random bits as text behind a prefix.
func newSecret(prefix string) string {
	var random [32]byte
	rand.Read(random[:])
	return prefix + base64.RawURLEncoding.EncodeToString(random[:])
}

// record is the code as it is kept, in the list of its browser's login.
func (c *Code) record(d store.Digest, expires int64) *store.Record {
	text, err := json.Marshal(c)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return &store.Record{Kind: store.RecordCode, Digest: d, Owner: c.Browser, Value: text, Expires: expires}
}

// ErrCode: a code that is unknown, expired, used, another client's, or not
// accompanied by the redirect URI and verifier that belong to it. Who presents
// it is told no more.
var ErrCode = errors.New("code is unknown, expired, used before or another client's, or redirect_uri or code_verifier do not belong to it")

// A Redemption is one use of a code (RFC 6749, section 4.1.3).
type Redemption struct {
	Code        []byte
	ClientID    string
	RedirectURI string
	Verifier    string
	Session     string // the session that is to be begun with it
	Now         int64  // Unix seconds
}

// Redeem takes a code for the session that is to begin. Of any number of calls
// with one code exactly one succeeds. Every other one, at once or later, returns
// ErrCode and the session that the first began, which the caller has to revoke
// (RFC 6749, section 4.1.2); a code that is shown with the wrong verifier or by
// another client stays as it is.
func Redeem(ctx context.Context, records store.Records, r *Redemption) (c *Code, revoke string, err error) {
	d := store.DigestOf(r.Code)
	for {
		kept, err := records.Record(ctx, store.RecordCode, d, r.Now)
		if errors.Is(err, store.ErrNotFound) {
			return nil, "", ErrCode
		}
		if err != nil {
			return nil, "", err
		}
		c = new(Code)
		if err := json.Unmarshal(kept.Value, c); err != nil {
			return nil, "", err
		}
		if c.ClientID != r.ClientID || !verifies(c.Challenge, r.Verifier) ||
			c.RedirectURI != r.RedirectURI && (c.GivenURI || r.RedirectURI != "") {
			return nil, "", ErrCode
		}
		if c.Used != "" {
			return nil, c.Used, ErrCode
		}
		if c.Issued+codeTTL <= r.Now {
			return nil, "", ErrCode
		}
		// The used code is how a logout finds the sessions of a browser, so it is
		// kept for as long as the browser's login.
		c.Used = r.Session
		err = records.Change(ctx, kept, c.record(d, max(c.Ends, kept.Expires)))
		if errors.Is(err, store.ErrChanged) {
			continue // somebody else was first; look again whose it is
		}
		return c, "", err
	}
}
