package jwt

import (
	"errors"
	"slices"
	"testing"
)

func TestRule(t *testing.T) {
	f := func(want bool, claim, payload string, values ...string) {
		t.Helper()
		r, err := NewRule(claim, values)
		if err != nil {
			t.Fatal(err)
		}
		token := parsePayload(t, payload)
		if err := token.Scan(); err != nil {
			t.Fatal(err)
		}
		if got := token.Satisfies(r); got != want {
			t.Errorf("%s of %q in %s: %v, want %v", claim, values, payload, got, want)
		}
	}
	f(true, "token_use", `{"token_use":"access"}`, "access")
	f(true, "token_use", `{"token_use":"\u0061ccess"}`, "access")
	f(false, "token_use", `{"token_use":"id"}`, "access")
	f(false, "token_use", `{"token_use":"Access"}`, "access")
	// absent, null and of another shape satisfy nothing, * included
	for _, payload := range []string{`{}`, `{"token_use":null}`, `{"token_use":{}}`, `{"token_use":{"access":true}}`, `{"token_use":[]}`, `{"token_use":[["access"]]}`, `{"token_use":""}`} {
		f(false, "token_use", payload, "access")
		f(false, "token_use", payload, "*")
	}
	// "" is for a claim that is absent
	f(true, "typ", `{}`, "Bearer", "")
	f(true, "typ", `{"typ":null}`, "Bearer", "")
	f(true, "typ", `{"typ":"Bearer"}`, "Bearer", "")
	f(false, "typ", `{"typ":"ID"}`, "Bearer", "")
	f(false, "typ", `{"typ":["ID"]}`, "Bearer", "")
	f(false, "typ", `{"typ":{}}`, "Bearer", "")
	f(true, "aud", `{}`, "")
	f(false, "aud", `{"aud":"x"}`, "")
	// one of several
	f(true, "hd", `{"hd":"example.org"}`, "example.com", "example.org")
	f(false, "hd", `{"hd":"example.net"}`, "example.com", "example.org")
	// * at the end, and only there
	f(true, "sub", `{"sub":"repo:o/r:ref:refs/heads/main"}`, "repo:o/r:*")
	f(false, "sub", `{"sub":"repo:o/rx:ref:refs/heads/main"}`, "repo:o/r:*")
	f(true, "sub", `{"sub":"x"}`, "*")
	f(false, "sub", `{"sub":"repo:o/r"}`, "*r")
	f(true, "sub", `{"sub":"*r"}`, "*r")
	// as they are written
	f(true, "runner_id", `{"runner_id":12}`, "12")
	f(false, "runner_id", `{"runner_id":12.0}`, "12")
	f(true, "ref_protected", `{"ref_protected":"true"}`, "true")
	f(true, "email_verified", `{"email_verified":true}`, "true")
	f(false, "email_verified", `{"email_verified":false}`, "true")
	f(false, "email_verified", `{"email_verified":null}`, "null")
	// an element of an array
	f(true, "groups", `{"groups":["a","ops"]}`, "ops")
	f(true, "groups", `{"groups":[1,{"x":2},null,"ops"]}`, "ops")
	f(false, "groups", `{"groups":["ops2"]}`, "ops")
	// nested, or with dots in the name, which goes first
	f(false, "kubernetes.io.namespace", `{"kubernetes.io":{"namespace":"x"},"kubernetes":{"io":{"namespace":"shop"}}}`, "shop")
	f(true, "kubernetes.io.namespace", `{"kubernetes.io":{"namespace":"shop"}}`, "shop")
	f(true, "a.b.c", `{"a.b":{"x":1},"a":{"b":{"c":"y"}}}`, "y")
	f(true, "a.b", `{"a":{"b":"x"},"a.b":"y"}`, "y")
	f(false, "a.b", `{"a":{"b":"x"},"a.b":"y"}`, "x")
	// claims that have a meaning of their own
	f(true, "sub", `{"sub":"s"}`, "s")
	f(true, "iss", `{"iss":"i"}`, "i")
	f(true, "client_id", `{"client_id":"c"}`, "c")
	f(true, "aud", `{"aud":["a","b"]}`, "b")
	f(true, "aud", `{"aud":"b"}`, "b")
	f(true, "scope", `{"scope":"a b"}`, "a b")
	f(true, "roles", `{"roles":["r"]}`, "r")
	f(false, "roles", `{}`, "r")
}

func TestNewRuleRefuses(t *testing.T) {
	f := func(claim string, values ...string) {
		t.Helper()
		if _, err := NewRule(claim, values); !errors.Is(err, ErrMapping) {
			t.Errorf("%q of %q: %v", values, claim, err)
		}
	}
	f("", "x")
	f("a..b", "x")
	f("hd")
	for _, claim := range []string{"exp", "nbf", "iat", "cnf"} {
		f(claim, "1")
	}
	r, err := NewRule("hd", []string{"a"})
	if err != nil || r.Claim() != "hd" || !slices.Equal(r.Values(), []string{"a"}) {
		t.Error(r, err)
	}
}
