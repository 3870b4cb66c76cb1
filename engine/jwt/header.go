package jwt

import (
	"bytes"
	"unicode/utf8"
)

// A Header is what a token says about its signature (RFC 7515, section 4.1). The
// other registered parameters either have no say here (jku, jwk, x5u, x5c, x5t,
// x5t#S256, cty: none is followed or trusted) or make the token malformed (crit,
// b64, zip, enc: each asks for an extension this package does not have).
type Header struct {
	Algorithm string // alg, one of Algorithms; EdDSA where the token says Ed25519
	KeyID     string // kid, empty where absent
	Type      string // typ, empty where absent
}

// Algorithms are the values of alg that a Header has (RFC 7518, section 3.1, RFC
// 8037, section 3.1): public-key signatures only. Ed25519 (RFC 9864) is read as
// EdDSA, which of all its curves has only that one here.
func Algorithms() []string {
	return []string{"EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
}

// algorithm returns alg's constant string, or "".
func algorithm(alg []byte) string {
	if string(alg) == "Ed25519" {
		return "EdDSA"
	}
	for _, a := range acceptable {
		if string(alg) == a {
			return a
		}
	}
	return ""
}

var acceptable = Algorithms()

// headerNames are the names no parameter may resemble but for case.
var headerNames = []string{
	"alg", "kid", "typ", "crit", "b64", "zip", "enc", "cty", "jku", "jwk", "x5u", "x5c", "x5t",
}

// parseHeader reads the decoded header b. An alg, kid or typ that is null is
// absent. What is malformed is told before what is merely not acceptable.
func parseHeader(s *scanner, b []byte) (Header, error) {
	s.reset(b)
	var h Header
	var hasAlg, critical bool
	if s.space() != '{' {
		return h, errJSON
	}
	for ok, sc := s.object(); ok; ok = s.next(sc) {
		name := s.name(sc)
		switch string(name) {
		case "alg":
			var alg []byte
			alg, hasAlg = text(b, s.text())
			h.Algorithm = algorithm(alg)
		case "kid":
			kid, _ := text(b, s.text())
			h.KeyID = string(kid)
		case "typ":
			typ, _ := text(b, s.text())
			h.Type = string(typ)
		case "crit", "b64", "zip", "enc":
			critical = true
			s.value()
		default:
			if foldsTo(name, headerNames) {
				s.fail(errCase)
			}
			s.value()
		}
	}
	err := s.end()
	switch {
	case err != nil:
	case critical:
		err = errCritical
	case !hasAlg:
		err = errNoAlg
	case h.Algorithm == "":
		err = ErrAlgorithm
	}
	return h, err
}

// foldsTo reports whether name is one of known but for case. All known names are lower case, so a name without capitals and
// without anything beyond ASCII is told from them by comparing bytes.
func foldsTo(name []byte, known []string) bool {
	if !bytes.ContainsFunc(name, func(r rune) bool { return 'A' <= r && r <= 'Z' || r >= utf8.RuneSelf }) {
		return false
	}
	for _, k := range known {
		if bytes.EqualFold(name, []byte(k)) {
			return true
		}
	}
	return false
}
