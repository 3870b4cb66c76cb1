package engine_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// twin verifies tokens as the engine does, the slow and plain way: by
// encoding/json, the crypto packages and math/big. It has the engine's rules
// written a second time, and none of its code.
type twin struct {
	issuers map[string]twinIssuer
}

type twinIssuer struct {
	keys                  []twinKey // in the order of the key set
	audiences, algorithms []string
	types                 []string // none for at+jwt
	rolePath, clientPath  []string // nil for roles, client_id
	optional              []string
	require               map[string][]string // top-level claims alone
	skew, maxLifetime     int64               // milliseconds
	revokedTokens         map[string]bool
}

type twinKey struct {
	kid, alg string
	key      crypto.PublicKey
}

// candidates are the keys to try, four at most.
func (i *twinIssuer) candidates(kid, alg string) (keys []twinKey) {
	for _, pass := range []bool{true, false} {
		for _, k := range i.keys {
			if k.alg == alg && (k.kid == kid) == pass && (pass || kid == "") && len(keys) < 4 {
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// sameType compares as RFC 7515, section 4.1.9, says.
func sameType(a, b string) bool {
	long := func(s string) string {
		if !strings.Contains(s, "/") {
			s = "application/" + s
		}
		return s
	}
	return a != "" && strings.EqualFold(long(a), long(b))
}

var errTwin = errors.New("malformed")

// verify returns what a good token says, or the code of what is wrong.
func (w *twin) verify(token []byte, now time.Time) (summary, code string) {
	if len(token) > 8192 {
		return "", "malformed"
	}
	parts := strings.Split(string(token), ".")
	if len(parts) != 3 {
		return "", "malformed"
	}
	headerText, err := unbase64(parts[0])
	if err != nil {
		return "", "malformed"
	}
	header, err := decodeObject(headerText)
	if err != nil {
		return "", "malformed"
	}
	for name := range header {
		for _, known := range []string{"alg", "kid", "typ", "crit", "b64", "zip", "enc", "cty", "jku", "jwk", "x5u", "x5c", "x5t"} {
			if name != known && strings.EqualFold(name, known) {
				return "", "malformed"
			}
		}
		if slices.Contains([]string{"crit", "b64", "zip", "enc"}, name) {
			return "", "malformed"
		}
	}
	alg, err1 := stringOf(header, "alg", true)
	kid, err2 := stringOf(header, "kid", false)
	typ, err3 := stringOf(header, "typ", false)
	if errors.Join(err1, err2, err3) != nil {
		return "", "malformed"
	}
	if alg == "Ed25519" {
		alg = "EdDSA"
	}
	if !slices.Contains(strings.Fields("EdDSA ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512"), alg) {
		return "", "algorithm"
	}
	payload, err1 := unbase64(parts[1])
	signature, err2 := unbase64(parts[2])
	if err1 != nil || err2 != nil {
		return "", "malformed"
	}
	c, err := decodeObject(payload)
	if err != nil {
		return "", "malformed"
	}
	v, ok := twinClaimsOf(c)
	if !ok {
		return "", "malformed"
	}
	if v.iss == "" {
		return "", "missing_claim"
	}
	i, ok := w.issuers[v.iss]
	switch {
	case !ok:
		return "", "issuer"
	case i.algorithms != nil && !slices.Contains(i.algorithms, alg):
		return "", "algorithm"
	case !slices.ContainsFunc(append(i.types, "at+jwt")[:max(1, len(i.types))], func(t string) bool {
		return t == "none" && typ == "" || t != "none" && sameType(typ, t)
	}):
		return "", "type"
	}
	keys := i.candidates(kid, alg)
	if len(keys) == 0 {
		if kid != "" && slices.ContainsFunc(i.keys, func(k twinKey) bool { return k.kid == kid }) {
			return "", "algorithm"
		}
		return "", "unknown_key"
	}
	by := slices.IndexFunc(keys, func(k twinKey) bool { return k.verify(parts[0]+"."+parts[1], signature) })
	if by < 0 {
		return "", "signature"
	}
	kid = keys[by].kid
	roles := v.roles
	if i.rolePath != nil {
		roles = nil
		if value, found := lookup(c, i.rolePath); found {
			roles = readable(value)
		}
	}
	if i.clientPath != nil {
		v.client = ""
		if value, found := lookup(c, i.clientPath); found {
			v.client, _ = value.(string)
		}
	}
	absent := func(name string, is bool) bool { return is && !slices.Contains(i.optional, name) }
	at := now.UnixMilli()
	var issued int64
	if v.iat != nil {
		issued = *v.iat
	}
	from := issued
	if from == 0 {
		from = at
	}
	switch {
	case v.exp == nil, absent("iat", v.iat == nil), absent("sub", v.sub == ""), absent("client_id", v.client == ""),
		absent("jti", v.jti == ""), absent("aud", len(v.aud) == 0):
		return "", "missing_claim"
	case i.audiences != nil && !slices.ContainsFunc(v.aud, func(a string) bool { return slices.Contains(i.audiences, a) }):
		return "", "audience"
	}
	for name, values := range i.require {
		if !satisfied(c[name], values) {
			return "", "claim"
		}
	}
	switch {
	case c["cnf"] != nil:
		return "", "bound"
	case at >= *v.exp+i.skew, i.maxLifetime > 0 && new(big.Int).Sub(big.NewInt(*v.exp), big.NewInt(from)).Cmp(big.NewInt(i.maxLifetime)) > 0:
		return "", "expired"
	case v.nbf != nil && at+i.skew < *v.nbf, at+i.skew < issued:
		return "", "not_yet_valid"
	case i.revokedTokens[v.jti]:
		return "", "revoked"
	}
	roles = slices.DeleteFunc(slices.Clone(roles), func(r string) bool { return r == "" })
	slices.Sort(roles) // the names of an object have no order here
	return fmt.Sprintf("%q %q %q %q %q %q %q %q %q %d %d", v.iss, v.sub, v.client, v.jti, v.sid, kid, v.aud, v.scopes, roles, *v.exp, issued), ""
}

// satisfied reports whether a claim is one of values, or holds one.
func satisfied(claim any, values []string) bool {
	list, isList := claim.([]any)
	if !isList {
		list = []any{claim}
	}
	return slices.ContainsFunc(list, func(e any) bool {
		said := ""
		switch e := e.(type) {
		case string:
			said = e
		case json.Number:
			said = string(e)
		case bool:
			said = strconv.FormatBool(e)
		case nil:
			if isList {
				return false
			}
		default:
			return false
		}
		return slices.ContainsFunc(values, func(v string) bool {
			if before, wild := strings.CutSuffix(v, "*"); wild && said != "" && strings.HasPrefix(said, before) {
				return true
			}
			return v == said
		})
	})
}

// readable are the texts in a claim for roles or scopes, whatever its shape.
func readable(claim any) (texts []string) {
	named := func(o map[string]any) (string, bool) {
		for _, name := range []string{"value", "name"} {
			if s, is := o[name].(string); is {
				return s, true
			}
		}
		return "", false
	}
	switch v := claim.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			switch e := e.(type) {
			case string:
				texts = append(texts, e)
			case map[string]any:
				if s, is := named(e); is {
					texts = append(texts, s)
				}
			}
		}
	case map[string]any:
		if s, is := named(v); is {
			return []string{s}
		}
		for name, e := range v {
			if e != nil && e != false {
				texts = append(texts, name)
			}
		}
		slices.Sort(texts)
	}
	return texts
}

// lookup finds the claim called by the whole path, or else the nested one.
func lookup(object map[string]any, path []string) (value any, found bool) {
	if value, found = object[strings.Join(path, ".")]; found {
		return value, true
	}
	for i, step := range path {
		value, found = object[step]
		if object, _ = value.(map[string]any); i < len(path)-1 && object == nil {
			return nil, false
		}
	}
	return value, found
}

func (k twinKey) verify(message string, signature []byte) bool {
	h := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[k.alg[2:]]
	var digest []byte
	if h != 0 {
		d := h.New()
		io.WriteString(d, message)
		digest = d.Sum(nil)
	}
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, []byte(message), signature)
	case *ecdsa.PublicKey:
		n := (key.Params().BitSize + 7) / 8
		if len(signature) != 2*n {
			return false
		}
		return ecdsa.Verify(key, digest, new(big.Int).SetBytes(signature[:n]), new(big.Int).SetBytes(signature[n:]))
	case *rsa.PublicKey:
		if k.alg[0] == 'P' {
			return rsa.VerifyPSS(key, h, digest, signature, &rsa.PSSOptions{SaltLength: h.Size()}) == nil
		}
		return rsa.VerifyPKCS1v15(key, h, digest, signature) == nil
	}
	return false
}

type twinClaims struct {
	iss, sub, client, jti, sid string
	aud, scopes, roles         []string
	exp, nbf, iat              *int64 // milliseconds
}

func twinClaimsOf(c map[string]any) (v twinClaims, ok bool) {
	known := []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "sid", "scope", "scp", "cnf"}
	for name := range c {
		for _, k := range known {
			if name != k && strings.EqualFold(name, k) {
				return v, false
			}
		}
	}
	for name, to := range map[string]*string{"iss": &v.iss, "sub": &v.sub, "jti": &v.jti} {
		var err error
		if *to, err = stringOf(c, name, false); err != nil {
			return v, false
		}
	}
	for name, to := range map[string]**int64{"exp": &v.exp, "nbf": &v.nbf, "iat": &v.iat} {
		if value := c[name]; value != nil {
			n, isNumber := value.(json.Number)
			if !isNumber {
				return v, false
			}
			ms, inRange := milliseconds(string(n))
			if !inRange {
				return v, false
			}
			*to = &ms
		}
	}
	v.client, _ = c["client_id"].(string)
	v.sid, _ = c["sid"].(string)
	if value := c["aud"]; value != nil {
		if v.aud, ok = listOf(value); !ok {
			return v, false
		}
	}
	v.aud = slices.DeleteFunc(v.aud, func(s string) bool { return s == "" })
	v.roles = readable(c["roles"])
	for _, name := range []string{"scope", "scp"} {
		words := readable(c[name])
		if s, isString := c[name].(string); isString {
			words = strings.Split(s, " ")
		}
		for _, word := range words {
			if scopeToken.MatchString(word) {
				v.scopes = append(v.scopes, word)
			}
		}
	}
	return v, true
}

// scopeToken is RFC 6749, section 3.3.
var scopeToken = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`)

func stringOf(object map[string]any, name string, required bool) (string, error) {
	value := object[name]
	if value == nil {
		if required {
			return "", errTwin
		}
		return "", nil
	}
	s, isString := value.(string)
	if !isString {
		return "", errTwin
	}
	return s, nil
}

func listOf(value any) ([]string, bool) {
	switch v := value.(type) {
	case string:
		return []string{v}, true
	case []any:
		list := []string{}
		for _, e := range v {
			s, isString := e.(string)
			if !isString {
				return nil, false
			}
			list = append(list, s)
		}
		return list, true
	}
	return nil, false
}

// milliseconds is a NumericDate rounded down, if it is within 2^53 seconds.
func milliseconds(number string) (int64, bool) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	if strings.Trim(mantissa, "-0.") == "" {
		return 0, true
	}
	if e, err := strconv.Atoi(exponent); exponent != "" && (err != nil || e > 20000 || e < -20000) {
		// more than the digits of any token can make up for
		if exponent[0] != '-' {
			return 0, false
		}
		if number[0] == '-' {
			return -1, true
		}
		return 0, true
	}
	r, ok := new(big.Rat).SetString(number)
	if !ok {
		panic(number)
	}
	if new(big.Rat).Abs(r).Cmp(new(big.Rat).SetInt64(1<<53)) > 0 {
		return 0, false
	}
	r.Mul(r, big.NewRat(1000, 1))
	floor, _ := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	return floor.Int64(), true
}

func unbase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errTwin
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

// decodeObject decodes text into maps, one token of encoding/json after another,
// so that it sees names that come twice.
func decodeObject(text []byte) (map[string]any, error) {
	if !utf8.Valid(text) || !json.Valid(text) {
		return nil, errTwin
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	tree, err := decodeValue(dec, 1)
	if err != nil {
		return nil, err
	}
	object, ok := tree.(map[string]any)
	if !ok {
		return nil, errTwin
	}
	// encoding/json makes U+FFFD of half a surrogate pair.
	if !bytes.Contains(bytes.ToLower(text), []byte(`\ufffd`)) && !bytes.ContainsRune(text, utf8.RuneError) &&
		strings.ContainsRune(fmt.Sprint(object), utf8.RuneError) {
		return nil, errTwin
	}
	return object, nil
}

func decodeValue(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	delim, isDelim := token.(json.Delim)
	if !isDelim {
		return token, nil
	}
	if depth > 32 {
		return nil, errTwin
	}
	if delim == '[' {
		list := []any{}
		for dec.More() {
			v, err := decodeValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := dec.Token()
		return list, err
	}
	object := make(map[string]any)
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		if _, twice := object[name.(string)]; twice {
			return nil, errTwin
		}
		if object[name.(string)], err = decodeValue(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err = dec.Token()
	return object, err
}
