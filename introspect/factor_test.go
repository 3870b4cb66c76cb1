package introspect

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// authenticator is the application on a person's phone: RFC 6238 by this test.
func authenticator(secret string, at time.Time) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		panic(err)
	}
	mac := hmac.New(sha1.New, key)
	binary.Write(mac, binary.BigEndian, at.Unix()/30)
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000)
}

var (
	shownSecret   = regexp.MustCompile(`<code>([A-Z2-7]{32})</code>`)
	recoveryShown = regexp.MustCompile(`<code>([A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4})</code>`)
)

// A person sets up a second factor, has to show it at each login, and can take
// it away.
func TestSecondFactor(t *testing.T) {
	s := newSite(t)
	s.stopClock()
	verifier := oauth2.GenerateVerifier()
	ask := func(b *browser, options ...oauth2.AuthCodeOption) shown {
		return b.get(s.app.AuthCodeURL("s", append(options, oauth2.S256ChallengeOption(verifier))...))
	}
	claims := func(code string) (acr string, amr []string) {
		t.Helper()
		tokens, err := s.app.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := tokens.Extra("id_token").(string)
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			ACR string   `json:"acr"`
			AMR []string `json:"amr"`
		}
		if err := json.Unmarshal(payload, &c); err != nil {
			t.Fatal(err)
		}
		return c.ACR, c.AMR
	}
	b := s.browser()
	if acr, amr := claims(s.code(b.login(ask(b)), "s")); acr != "1" || fmt.Sprint(amr) != "[pwd]" {
		t.Errorf("a login by password has acr %s, amr %v; want 1, [pwd]", acr, amr)
	}
	page := b.get(s.url + "/account/factor")
	if !strings.Contains(page.body, `src="data:image/png;base64,`) || !strings.Contains(page.header.Get("Content-Security-Policy"), "img-src 'self' data:") {
		t.Fatalf("no picture to scan: %s", page.body)
	}
	secret := shownSecret.FindStringSubmatch(page.body)[1]
	if at := b.submit(page, "code", "000000"); at.status != 403 {
		t.Errorf("set up with a wrong code: %d, want 403", at.status)
	}
	at := b.submit(page, "code", authenticator(secret, s.svc.now()))
	var recovery []string
	for _, m := range recoveryShown.FindAllStringSubmatch(at.body, -1) {
		recovery = append(recovery, m[1])
	}
	if len(recovery) != recoveryCodes {
		t.Fatalf("%d recovery codes are shown, want %d: %s", len(recovery), recoveryCodes, at.body)
	}
	if strings.Contains(b.get(s.url+"/account").body, recovery[0]) {
		t.Error("the recovery codes are shown again")
	}

	// The password alone does not log in any more, whatever the code before was.
	other := s.browser()
	second := other.login(ask(other))
	if second.to != nil || !strings.Contains(second.body, "Second step") {
		t.Fatalf("after the password: %d, to %v", second.status, second.to)
	}
	for _, code := range []string{"", "000000", authenticator(secret, s.svc.now()), "AAAA-AAAA-AAAA-AAAA"} {
		if at := other.submit(second, "code", code); at.status != 403 || at.to != nil {
			t.Errorf("code %q: %d, to %v; want 403 (the code of the set-up was used)", code, at.status, at.to)
		}
	}
	if at := ask(other); at.to != nil {
		t.Error("a browser that has shown the password alone is logged in")
	}
	s.advance(30 * time.Second)
	code := authenticator(secret, s.svc.now())
	if acr, amr := claims(s.code(other.submit(second, "code", code), "s")); acr != "2" || fmt.Sprint(amr) != "[pwd otp]" {
		t.Errorf("a login with a second factor has acr %s, amr %v; want 2, [pwd otp]", acr, amr)
	}
	third := s.browser()
	again := third.login(ask(third))
	if at := third.submit(again, "code", code); at.status != 403 {
		t.Errorf("a code that was used: %d, want 403", at.status)
	}
	s.code(third.submit(again, "code", strings.ToLower(recovery[3])), "s")
	fourth := s.browser()
	again = fourth.login(ask(fourth))
	if at := fourth.submit(again, "code", recovery[3]); at.status != 403 {
		t.Errorf("a recovery code that was used: %d, want 403", at.status)
	}
	// Another browser cannot go on with it, and it does not wait for ever.
	if at := s.browser().submit(again, "code", recovery[4]); at.status != 400 {
		t.Errorf("the second step in a browser without the first: %d, want 400", at.status)
	}
	s.advance(5 * time.Minute)
	if at := fourth.submit(again, "code", recovery[4]); at.status != 400 {
		t.Errorf("the second step after five minutes: %d, want 400", at.status)
	}

	// A login from before is asked for the factor where acr_values wants it.
	if at := ask(b, oauth2.SetAuthURLParam("acr_values", "2")); at.to != nil {
		t.Error("a login by password is taken where a second factor is asked for")
	}
	s.code(ask(b), "s")
	s.code(ask(other, oauth2.SetAuthURLParam("acr_values", "2")), "s")

	// /login wants it too.
	s.want(s.login("alice", alicePassword), 403, "second_factor_required")
	s.want(s.post("/login", []string{"id", "alice", "password", alicePassword, "otp", "000000"}), 401, "invalid_grant")
	s.want(s.post("/login", []string{"id", "alice", "password", alicePassword, "otp", authenticator(secret, s.svc.now())}), 200, "")
	s.want(s.post("/login", []string{"id", "alice", "password", "wrong", "otp", recovery[5]}), 401, "invalid_grant")

	// Taken away by a code, the password is enough again.
	off := other.get(s.url + "/account/factor")
	if at := other.submit(off, "code", "000000"); at.status != 403 {
		t.Errorf("turned off with a wrong code: %d, want 403", at.status)
	}
	other.submit(off, "code", recovery[5])
	fresh := s.browser()
	s.code(fresh.login(ask(fresh)), "s")
}

// Codes cannot be guessed at leisure, even by who knows the password.
func TestSecondFactorIsLimited(t *testing.T) {
	s := newSite(t)
	s.stopClock()
	verifier := oauth2.GenerateVerifier()
	b := s.browser()
	s.code(b.login(b.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)))), "s")
	page := b.get(s.url + "/account/factor")
	secret := shownSecret.FindStringSubmatch(page.body)[1]
	b.submit(page, "code", authenticator(secret, s.svc.now()))
	thief := s.browser()
	limited := 0
	for range 30 {
		second := thief.login(thief.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))))
		if second.status == 429 {
			limited++
			continue
		}
		if at := thief.submit(second, "code", "123456"); at.status == 429 {
			limited++
		} else if at.status != 403 {
			t.Fatalf("a guess: %d", at.status)
		}
	}
	if limited < 19 {
		t.Errorf("%d of 30 guesses were limited; want all but 10 or 11", limited)
	}
}
