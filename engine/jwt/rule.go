package jwt

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// A Rule is what a claim has to say: one of several texts. It is immutable and
// safe to share.
type Rule struct {
	at     path
	values []string
}

// NewRule makes a Rule for the claim at a path, as Paths has them. The claim has
// to be one of values, or, where it is an array, hold one of them. A value that
// ends in * stands for every text that begins with what is before it, and * alone
// for every text but the empty one. "" stands for a claim that is absent. Numbers, true and false are compared as they
// are written.
func NewRule(claim string, values []string) (*Rule, error) {
	at, err := newPath(claim)
	if err != nil {
		return nil, err
	}
	if slices.Contains([]string{"exp", "nbf", "iat", "cnf"}, claim) {
		return nil, fmt.Errorf("%w: no rule can be made for %s", ErrMapping, claim)
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("%w: the rule for %s allows nothing", ErrMapping, claim)
	}
	return &Rule{at, slices.Clone(values)}, nil
}

// Claim is the path of the claim.
func (r *Rule) Claim() string { return r.at.name }

// Values are what the claim may say.
func (r *Rule) Values() []string { return slices.Clone(r.values) }

// Allows reports whether text is one of r's values.
func (r *Rule) Allows(text []byte) bool {
	for _, v := range r.values {
		prefix, wild := strings.CutSuffix(v, "*")
		if string(text) == v || wild && len(text) > 0 && bytes.HasPrefix(text, []byte(prefix)) {
			return true
		}
	}
	return false
}

// Satisfies reports whether the payload of t, which Scan accepted, says what r
// asks for.
func (t *Token) Satisfies(r *Rule) bool {
	if l, ok := t.known(r.at.name); ok {
		for _, v := range t.payload.items[l.from:l.to] {
			if t.says(v, r) {
				return true
			}
		}
		return l.from == l.to && r.Allows(nil)
	}
	v, ok := t.value(&r.at)
	if !ok || t.scanner.isNull(v) {
		return r.Allows(nil)
	}
	if v.kind != array {
		return t.says(v, r)
	}
	s := &t.scanner
	s.seek(v.start)
	found := false
	for ok := s.enter(']'); ok; ok = s.more(']') {
		if v := s.value(); t.says(v, r) {
			found = true
		}
	}
	return found
}

// says reports whether v is a text, number or truth value that r allows.
func (t *Token) says(v value, r *Rule) bool {
	switch v.kind {
	case str, escStr:
		b, _ := text(t.Payload, v)
		return r.Allows(b)
	case number:
		return r.Allows(t.Payload[v.start:v.end])
	case other:
		b := t.Payload[v.start:v.end]
		return len(b) > 0 && string(b) != "null" && r.Allows(b)
	}
	return false
}

// Text is the text at a path of claims, for payloads that Scan accepted; ok is
// false where there is none, or one that is no text.
func (t *Token) Text(claim string) (said string, ok bool) {
	at, err := newPath(claim)
	if err != nil {
		return "", false
	}
	v, ok := t.value(&at)
	if !ok {
		return "", false
	}
	b, ok := text(t.Payload, v)
	return string(b), ok
}

// Raw is the JSON of the claim called name, if it is none that Scan knows, else "".
func (t *Token) Raw(name string) string {
	v, ok := t.top(name)
	if !ok {
		return ""
	}
	return string(t.Payload[v.start:v.end])
}
