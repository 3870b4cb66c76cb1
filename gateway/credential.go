package gateway

import (
	"bytes"
)

// A kind says what a request presents.
type kind uint8

const (
	noCredential  kind = iota
	bearerToken        // Authorization: Bearer, RFC 6750, section 2.1
	basicPair          // Authorization: Basic, RFC 7617
	apiKey             // X-API-Key
	badCredential      // something that is none of them
)

// A credential is what a request presents: a view of its head.
type credential struct {
	kind  kind
	value []byte // the token; the base64 of the pair; the key
}

// readCredential reads Authorization and X-API-Key, each if it is there. Two at
// once are none: which of them counted would be a matter of who reads first.
func readCredential(authorization []byte, auth bool, apiKeyValue []byte, key bool) credential {
	switch {
	case !auth && !key:
		return credential{}
	case auth && key:
		return credential{kind: badCredential}
	case key:
		if len(apiKeyValue) > 0 {
			return credential{apiKey, apiKeyValue}
		}
		return credential{kind: badCredential}
	}
	scheme, value, _ := bytes.Cut(authorization, []byte{' '})
	value = bytes.TrimLeft(value, " ")
	if len(value) == 0 || bytes.IndexByte(value, ' ') >= 0 || bytes.IndexByte(value, '\t') >= 0 {
		return credential{kind: badCredential}
	}
	switch {
	case equalFold(scheme, "bearer"):
		return credential{bearerToken, value}
	case equalFold(scheme, "basic"):
		return credential{basicPair, value}
	}
	return credential{kind: badCredential}
}

// tokenShaped reports whether a token is one that any service can have issued: of
// the bytes of RFC 6750, section 2.1. Which of them it has issued is for the
// service to know.
func tokenShaped(token []byte) bool {
	body := bytes.TrimRight(token, "=")
	for _, c := range body {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '.', c == '_', c == '~', c == '+', c == '/':
		default:
			return false
		}
	}
	return len(body) > 0
}

// equalFold compares b with a word in lower case.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c|0x20 != lower[i] {
			return false
		}
	}
	return true
}
