package engine

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
)

// An Explanation says what Verify decides about a token and why, for operators. It
// quotes the token, whose text may be a stranger's: never send it to clients.
type Explanation struct {
	Err    error  // what Verify returns, nil for a good token
	Issuer string // the name of the issuer whose rules were used, "" if none was found
	Detail string // what was expected and what was there; "" for a good token
}

// Explain verifies token and says why it is refused. It takes no short cut and
// fills no cache: it is for debug logs and tools, and costs several times what
// Verify does.
func (e *Engine) Explain(token []byte) Explanation { return e.explainAt(token, e.now()) }

// ExplainAt is Explain at a time of the caller's.
func (e *Engine) ExplainAt(token []byte, now time.Time) Explanation {
	return e.explainAt(token, claims.At(now))
}

func (e *Engine) explainAt(token []byte, at claims.Time) Explanation {
	t := new(jwt.Token)
	var x Explanation
	i, keys, err := e.prepare(t, token)
	if i != nil {
		x.Issuer = i.name
	}
	var c *claims.Claims
	if err == nil {
		by := slices.IndexFunc(keys, func(k *keyset.Key) bool { return k.Verify(t.Signed, t.Signature) })
		if by < 0 {
			err = ErrSignature
		} else if c, err = e.judge(t, i, keys[by], at); err == nil {
			return x
		}
	}
	x.Err = err
	x.Detail = (&explainer{e, t, token, i, keys, c, at}).detail(err)
	return x
}

// judge is finish without its memory.
func (e *Engine) judge(t *jwt.Token, i *issuer, k *keyset.Key, now claims.Time) (*claims.Claims, error) {
	t.KeyID = k.ID()
	c, err := t.Claims(i.mapping)
	if err != nil {
		return nil, err
	}
	if err = i.checkToken(t, c); err == nil {
		err = i.policy.CheckTime(c, now)
	}
	if err == nil && i.isRevoked(c) {
		err = ErrRevoked
	}
	return c, err
}

// explainer is what is known of a token that is refused.
type explainer struct {
	engine *Engine
	token  *jwt.Token
	raw    []byte
	issuer *issuer        // nil if none was found
	keys   []*keyset.Key  // tried
	claims *claims.Claims // nil before the signature was verified
	now    claims.Time
}

func (x *explainer) detail(err error) string {
	switch {
	case errors.Is(err, ErrMalformed):
		return x.malformed(err)
	case errors.Is(err, ErrAlgorithm):
		return x.algorithm()
	case errors.Is(err, ErrIssuer):
		return x.noIssuer()
	case errors.Is(err, ErrType):
		return x.typ()
	case errors.Is(err, ErrUnknownKey):
		return x.unknownKey()
	case errors.Is(err, ErrSignature):
		return x.signature()
	case errors.Is(err, ErrMissingClaim):
		return x.missing()
	case errors.Is(err, ErrAudience):
		return fmt.Sprintf("aud is %s; want %s", x.said("aud"), oneOf(x.issuer.policy.Audiences))
	case errors.Is(err, ErrClaim):
		return x.rule()
	case errors.Is(err, ErrBound):
		return fmt.Sprintf("the token has a cnf, %s: it is bound to its owner's key, and whoever presents it as a bearer token proves nothing; have the issuer give out plain bearer tokens", x.said("cnf"))
	case errors.Is(err, ErrExpired):
		return x.expired()
	case errors.Is(err, ErrNotYetValid):
		return x.early()
	case errors.Is(err, ErrRevoked):
		return fmt.Sprintf("the token (jti %s), its session, subject, client or key was revoked", short(x.claims.TokenID()))
	}
	return err.Error()
}

func (x *explainer) malformed(err error) string {
	_, why, _ := strings.Cut(err.Error(), ": ")
	switch parts := bytes.Count(x.raw, []byte(".")) + 1; {
	case len(x.raw) == 0:
		return "the token is empty"
	case len(x.raw) > x.engine.longest:
		return fmt.Sprintf("the token has %d bytes; at most %d are looked at (limits.token)", len(x.raw), x.engine.longest)
	case parts == 5:
		return "the token has five parts: it is encrypted (JWE), which is not supported; have the issuer sign it instead"
	case parts != 3:
		return fmt.Sprintf("not a JWT: %d parts instead of three; an opaque token needs an issuer with introspection", parts)
	}
	return why
}

// header is the token's header by encoding/json, for what Parse does not keep.
func (x *explainer) header() map[string]any {
	encoded, _, _ := bytes.Cut(x.raw, []byte("."))
	b, err := base64.RawURLEncoding.DecodeString(string(encoded))
	h := make(map[string]any)
	if err == nil {
		_ = json.Unmarshal(b, &h) // what cannot be read has nothing to say
	}
	return h
}

func (x *explainer) algorithm() string {
	alg, _ := x.header()["alg"].(string)
	switch {
	case strings.HasPrefix(alg, "HS"):
		return alg + ": this issuer signs with a shared secret; choose a signing key there"
	case strings.EqualFold(alg, "none"):
		return "alg is none: the token is not signed"
	case x.token.Algorithm == "":
		return fmt.Sprintf("alg %s is not supported; want %s", short(alg), oneOf(jwt.Algorithms()))
	case x.issuer != nil && len(x.issuer.algorithms) > 0 && !slices.Contains(x.issuer.algorithms, x.token.Algorithm):
		return fmt.Sprintf("alg is %s; this issuer may use %s", alg, oneOf(x.issuer.algorithms))
	case x.issuer != nil:
		if k := x.issuer.keys.Snapshot().Key(x.token.KeyID); k != nil {
			return fmt.Sprintf("the token says alg %s, and its key %s is for %s", alg, short(x.token.KeyID), k.Algorithm())
		}
	}
	return "alg is " + short(alg)
}

func (x *explainer) noIssuer() string {
	iss := string(x.token.Issuer())
	var names []string
	for _, i := range x.engine.all() {
		switch {
		case strings.TrimSuffix(i.name, "/") == strings.TrimSuffix(iss, "/"):
			return fmt.Sprintf("iss differs only by the slash at the end: the token says %s, the configuration %q", short(iss), i.name)
		case strings.EqualFold(i.name, iss):
			return fmt.Sprintf("iss differs only in case: the token says %s, the configuration %q", short(iss), i.name)
		case withoutScheme(i.name) == withoutScheme(iss):
			return fmt.Sprintf("iss differs only by the scheme: the token says %s, the configuration %q", short(iss), i.name)
		case i.pattern != nil && i.pattern.parts([]byte(iss)) != nil:
			return fmt.Sprintf("iss is %s, which is of the form %q, and the rule of require for its part in braces does not allow it", short(iss), i.name)
		}
		names = append(names, i.name)
	}
	return fmt.Sprintf("iss is %s; the configuration has %s", short(iss), oneOf(names))
}

func withoutScheme(s string) string {
	_, rest, found := strings.Cut(s, "://")
	if !found {
		rest = s
	}
	return rest
}

// all are the issuers, in the order of their names.
func (e *Engine) all() []*issuer {
	list := slices.Clone(e.patterns)
	for _, i := range e.issuers {
		if !slices.Contains(list, i) {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b *issuer) int { return strings.Compare(a.name, b.name) })
	return list
}

func (x *explainer) typ() string {
	want := make([]string, len(x.issuer.types))
	for i, t := range x.issuer.types {
		if want[i] = t; t == "" {
			want[i] = "no typ at all (none)"
		}
	}
	if x.token.Type == "" {
		return "the token has no typ; want " + oneOf(want)
	}
	return fmt.Sprintf("typ is %s; want %s", short(x.token.Type), oneOf(want))
}

// keySet says what keys the issuer has, and how old that is.
func (x *explainer) keySet() string {
	set := x.issuer.keys.Snapshot()
	var ids []string
	for k := range set.Keys() {
		id := k.ID()
		if id == "" {
			id = "one without kid"
		}
		if id += " (" + k.Algorithm() + ")"; len(ids) == 20 {
			ids = append(ids, "…")
			break
		}
		ids = append(ids, id)
	}
	text := "the set has " + strings.Join(ids, ", ")
	if len(ids) == 0 {
		text = "the key set is empty"
	}
	if at := x.issuer.keys.Read(); !at.IsZero() {
		return text + ", read " + ago(time.Since(at)) + " ago"
	} else if len(ids) == 0 {
		return text + ", never read"
	}
	return text
}

func (x *explainer) unknownKey() string {
	if x.token.KeyID == "" {
		return fmt.Sprintf("the token names no kid, and there is no key for %s; %s", x.token.Algorithm, x.keySet())
	}
	return fmt.Sprintf("no key with kid %s; %s", short(x.token.KeyID), x.keySet())
}

func (x *explainer) signature() string {
	if _, ok := x.header()["nonce"]; ok {
		return "the header has a nonce: the token is Microsoft Graph's own and only Graph can verify it; ask for a token for an API of yours"
	}
	var ids []string
	for _, k := range x.keys {
		ids = append(ids, short(k.ID()))
	}
	text := "the signature is not that of key " + strings.Join(ids, ", ")
	if x.token.KeyID == "" && len(x.keys) == keyset.MaxTried {
		text += fmt.Sprintf("; a token without kid is tried with %d keys at most, and %s", keyset.MaxTried, x.keySet())
	}
	return text
}

func (x *explainer) missing() string {
	answer := x.issuer != nil && x.issuer.conf.answer // of introspection, which need not say iss, exp, iat and aud
	if !answer && len(x.token.Issuer()) == 0 && (x.issuer == nil || x.issuer.domain == "") {
		if len(x.engine.domains) > 0 {
			return fmt.Sprintf("the token has no iss, and its sub is %s, of no trust domain that is configured", x.said("sub"))
		}
		return "the token has no iss"
	}
	var missing []string
	for _, claim := range []struct {
		name  string
		paths []string
	}{
		{"exp", nil}, {"iat", nil}, {"aud", nil},
		{"sub", x.issuer.conf.SubjectClaims}, {"client_id", x.issuer.conf.ClientClaims}, {"jti", x.issuer.conf.TokenIDClaims},
	} {
		if slices.Contains(x.issuer.conf.OptionalClaims, claim.name) || answer && (claim.name == "exp" || claim.name == "iat" || claim.name == "aud") {
			continue
		}
		paths := claim.paths
		if paths == nil {
			paths = []string{claim.name}
		}
		if !slices.ContainsFunc(paths, x.has) {
			text := claim.name
			if claim.paths != nil {
				text += " (looked for in " + strings.Join(paths, ", ") + ")"
			}
			missing = append(missing, text)
		}
	}
	what := "the token"
	if answer {
		what = "the answer"
	}
	return what + " has no " + strings.Join(missing, ", no ") + "; what an issuer does without is told by optional"
}

// value is the claim at a path, as JSON.
func (x *explainer) value(path string) (json.RawMessage, bool) {
	var top map[string]json.RawMessage
	if json.Unmarshal(x.token.Payload, &top) != nil {
		return nil, false
	}
	steps := strings.Split(path, ".")
	for n := len(steps); n > 0; n-- {
		v, ok := top[strings.Join(steps[:n], ".")]
		for _, step := range steps[n:] {
			var inner map[string]json.RawMessage
			if !ok || json.Unmarshal(v, &inner) != nil {
				ok = false
				break
			}
			v, ok = inner[step]
		}
		if ok {
			return v, true
		}
	}
	return nil, false
}

// has reports whether there is something at path that can be a required claim.
func (x *explainer) has(path string) bool {
	v, ok := x.value(path)
	if !ok {
		return false
	}
	switch string(bytes.TrimSpace(v)) {
	case "null", `""`, "[]", `[""]`:
		return false
	}
	return slices.Contains([]string{"exp", "iat", "aud"}, path) || v[0] == '"'
}

// said is what the token says at path.
func (x *explainer) said(path string) string {
	v, ok := x.value(path)
	if !ok {
		return "absent"
	}
	var one bytes.Buffer
	if json.Compact(&one, v) != nil {
		return "absent"
	}
	text := []rune(one.String())
	if len(text) > longestQuote {
		text = append(text[:longestQuote], '…')
	}
	quoted := strconv.Quote(string(text))
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`) // JSON has quotes of its own
}

func (x *explainer) rule() string {
	i := x.issuer
	if i.domain != "" && !inDomain(x.claims.Subject(), i.domain) {
		return fmt.Sprintf("sub is %s; want %s or below it", x.said("sub"), i.domain)
	}
	if i.pattern != nil && !i.pattern.agrees(x.token) {
		return fmt.Sprintf("iss is %s, and the claims named in the braces of %q say something else", short(string(x.token.Issuer())), i.name)
	}
	for _, r := range i.rules {
		if !x.token.Satisfies(r) {
			return fmt.Sprintf("%s is %s; require wants %s", r.Claim(), x.said(r.Claim()), oneOf(r.Values()))
		}
	}
	return ""
}

func (x *explainer) expired() string {
	p, c := &x.issuer.policy, x.claims
	if over := x.now - c.ExpiresAt(); over >= claims.Time(p.Skew.Milliseconds()) {
		return fmt.Sprintf("exp was %s ago (%s), with %v of skew", ago(time.Duration(over)*time.Millisecond), c.ExpiresAt().Std().Format(time.RFC3339), p.Skew)
	}
	if c.IssuedAt() == 0 {
		return fmt.Sprintf("exp is %s ahead; max_lifetime is %v", ago(time.Duration(c.ExpiresAt()-x.now)*time.Millisecond), p.MaxLifetime)
	}
	return fmt.Sprintf("the token lives %s from iat to exp; max_lifetime is %v", ago(time.Duration(c.ExpiresAt()-c.IssuedAt())*time.Millisecond), p.MaxLifetime)
}

func (x *explainer) early() string {
	name, from := "nbf", x.claims.NotBefore()
	if x.claims.IssuedAt() > from {
		name, from = "iat", x.claims.IssuedAt()
	}
	return fmt.Sprintf("%s is %s ahead, with %v of skew: one of the clocks is wrong", name, ago(time.Duration(from-x.now)*time.Millisecond), x.issuer.policy.Skew)
}

// longestQuote is how much of a value of the token is quoted.
const longestQuote = 200

// short quotes s, cut where it is long.
func short(s string) string {
	if len(s) > longestQuote {
		return strconv.Quote(strings.ToValidUTF8(s[:longestQuote], "")) + "…"
	}
	return strconv.Quote(s)
}

// ago is d as people say it.
func ago(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func oneOf(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = strconv.Quote(s)
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "one of " + strings.Join(quoted, ", ")
}
