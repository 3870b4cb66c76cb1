package introspect

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/introspect/admin"
	"github.com/tollgate/tollgate/introspect/client"
)

// exchange asks for a token in place of subject's; more may add parameters.
func (f *fixture) exchange(subject string, o option, more ...string) reply {
	f.t.Helper()
	form := []string{"grant_type", grantExchange, "subject_token", subject, "subject_token_type", typeAccess}
	return f.post("/oauth2/token", append(form, more...), o)
}

func TestRFC8693_2_1_ServiceClientActsForTheSubject(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, _ := f.mustLogin()
		r := f.exchange(access, f.asGateway(), "audience", "billing", "scope", "read")
		f.want(r, 200, "")
		got := f.introspect(r.text(t, "access_token")).fields(t)
		act, _ := json.Marshal(got["act"])
		aud, _ := json.Marshal(got["aud"])
		roles, _ := json.Marshal(got["roles"])
		if got["sub"] != "alice" || got["client_id"] != "gateway" || got["scope"] != "read" ||
			string(act) != `{"sub":"gateway"}` || string(aud) != `["billing"]` || string(roles) != `["customer"]` {
			t.Errorf("the new token says %v", got)
		}
	})
}

func TestRFC8693_2_2_1_AnswerMembers(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, _ := f.mustLogin()
		r := f.exchange(access, f.asGateway(), "requested_token_type", typeAccess)
		f.want(r, 200, "")
		got := r.fields(t)
		left, _ := got["expires_in"].(float64)
		if got["issued_token_type"] != typeAccess || got["token_type"] != "Bearer" || got["scope"] != "read write" || len(got) != 5 {
			t.Errorf("answer is %v", got)
		}
		if said := f.introspect(r.text(t, "access_token")).fields(t); said["exp"].(float64)-said["iat"].(float64) != left || left <= 0 {
			t.Errorf("expires_in is %v, introspection says %v", left, said)
		}
		if r.header.Get("Content-Type") != "application/json" || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers are %v", r.header)
		}
	})
}

func TestRFC8693_2_2_1_NarrowerScopeIsTold(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	if got := f.exchange(access, f.asGateway(), "scope", "write").text(t, "scope"); got != "write" {
		t.Errorf("scope is %q", got)
	}
}

func TestRFC8693_2_1_ResourceAndAudienceAddUp(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		cfg.Audience = append([]string{"orders"}, resources...)
		f := start(t, cfg)
		access, _ := f.mustLogin()
		for _, c := range []struct{ more, want []string }{
			{[]string{"resource", resources[1]}, resources[1:2]},
			{[]string{"resource", resources[1], "resource", resources[2]}, resources[1:]},
			{[]string{"audience", "orders", "resource", resources[0]}, []string{resources[0], "orders"}},
			{nil, cfg.Audience},
		} {
			r := f.exchange(access, f.asGateway(), c.more...)
			f.want(r, 200, "")
			if got := f.audience(r.text(t, "access_token")); !slices.Equal(got, c.want) {
				t.Errorf("aud is %v, not %v", got, c.want)
			}
		}
		for name, resource := range map[string]string{"relative": "orders", "a fragment": resources[0] + "#x", "unknown": "https://payroll.example/"} {
			r := f.exchange(access, f.asGateway(), "audience", "orders", "resource", resource)
			t.Run(name, func(t *testing.T) { f.want(r, 400, "invalid_target") })
		}
	})
}

func TestRFC8693_2_1_SubjectTokenStaysAsItIs(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, refresh := f.mustLogin()
		before := f.introspect(access).body
		f.want(f.exchange(access, f.asGateway(), "scope", "read"), 200, "")
		f.want(f.exchange(access, f.asGateway(), "scope", "read admin"), 400, "invalid_scope")
		if after := f.introspect(access).body; after != before {
			t.Errorf("the subject token says %s, and said %s", after, before)
		}
		f.want(f.refresh(refresh), 200, "")
	})
}

func TestRFC8693_2_1_SubjectTokenIsOfItsType(t *testing.T) {
	for format, status := range map[string]int{FormatJWT: 200, FormatOpaque: 400} {
		f := start(t, cfgWith(t, format))
		access, _ := f.mustLogin()
		r := f.post("/oauth2/token", []string{"grant_type", grantExchange, "subject_token", access, "subject_token_type", typeJWT}, f.asGateway())
		f.want(r, status, map[int]string{400: "invalid_request"}[status])
	}
}

func TestRFC8693_2_2_2_NeverWider(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, _ := f.mustLogin()
		f.want(f.exchange(access, f.asGateway(), "scope", "read admin"), 400, "invalid_scope")
		f.want(f.exchange(access, f.asGateway(), "audience", "payroll"), 400, "invalid_target")
		f.want(f.exchange(access, f.asGateway(), "audience", "billing", "audience", "payroll"), 400, "invalid_target")
		narrow := f.exchange(access, f.asGateway(), "audience", "billing", "scope", "read").text(t, "access_token")
		f.want(f.exchange(narrow, f.asGateway(), "audience", "orders"), 400, "invalid_target")
		f.want(f.exchange(narrow, f.asGateway(), "scope", "write"), 400, "invalid_scope")
	})
}

func TestRFC8693_2_1_AudienceMayBeRepeated(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	r := f.exchange(access, f.asGateway(), "audience", "billing", "audience", "orders")
	f.want(r, 200, "")
	if got := f.audience(r.text(t, "access_token")); !slices.Equal(got, []string{"billing", "orders"}) {
		t.Errorf("aud is %v", got)
	}
	f.want(f.exchange(access, f.asGateway(), "subject_token", access), 400, "invalid_request")
	f.want(f.exchange(access, f.asGateway(), "scope", "read", "scope", "write"), 400, "invalid_request")
}

func TestRFC8693_2_1_LivesNoLongerThanTheSubjectToken(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, _ := f.mustLogin()
		f.advance(200 * time.Second)
		r := f.exchange(access, f.asGateway())
		if left := r.fields(t)["expires_in"].(float64); left > 100 {
			t.Errorf("the new token lives for %v s, the old one for 100", left)
		}
		f.advance(101 * time.Second)
		if f.active(r.text(t, "access_token")) {
			t.Error("the new token outlived the old one")
		}
		f.want(f.exchange(access, f.asGateway()), 400, "invalid_request")
	})
}

// Tokens that were exchanged die with the session, and with the token, that
// they came from; revoking one of them ends nothing else.
func TestRFC8693_2_1_RevocationReachesExchangedTokens(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, _ := f.mustLogin()
		derived := f.exchange(access, f.asGateway()).text(t, "access_token")
		f.want(f.revoke(derived, f.asGateway()), 200, "")
		if f.active(derived) || !f.active(access) {
			t.Error("revoking the new token did too little or too much")
		}
		second := f.exchange(access, f.asGateway()).text(t, "access_token")
		f.want(f.revoke(access), 200, "")
		if f.active(second) {
			t.Error("the new token outlived the session")
		}
		client := f.clientToken()
		third := f.exchange(client, f.asGateway()).text(t, "access_token")
		if !f.active(third) {
			t.Error("a token exchanged for a client's is not active")
		}
		f.want(f.revoke(client, f.asReporting()), 200, "")
		if f.active(third) {
			t.Error("the new token outlived the client's")
		}
	})
}

func TestRFC8693_4_1_ActRecordsTheChain(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		_, secret, err := f.svc.Admin().AddClient(t.Context(), admin.NewClient{ID: "billing", Service: true})
		if err != nil {
			t.Fatal(err)
		}
		access, _ := f.mustLogin()
		first := f.exchange(access, f.asGateway()).text(t, "access_token")
		second := f.exchange(first, basicAuth("billing", secret)).text(t, "access_token")
		_, claims := f.transparent(second)
		for _, said := range []map[string]any{f.introspect(second).fields(t), claims} {
			if act, _ := json.Marshal(said["act"]); string(act) != `{"act":{"sub":"gateway"},"sub":"billing"}` {
				t.Errorf("act is %s", act)
			}
		}
		if _, claims = f.transparent(access); claims["act"] != nil {
			t.Errorf("act of a token that nobody exchanged is %v", claims["act"])
		}
		var r reply
		for token := second; ; token = r.text(t, "access_token") {
			if r = f.exchange(token, f.asGateway()); r.status != 200 {
				break
			}
		}
		f.want(r, 400, "invalid_request") // a chain has an end
	})
}

func TestRFC8693_2_1_WhoMayExchange(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	f.want(f.exchange(access, f.asReporting()), 400, "unauthorized_client")
	f.want(f.exchange(access, func(*http.Request) {}), 401, "invalid_client")
}

func TestRFC8693_2_2_2_InvalidSubjectToken(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, refresh := f.mustLogin()
		live, _ := f.mustLogin()
		f.want(f.revoke(access), 200, "")
		client := f.clientToken()
		if _, err := f.svc.Admin().DisableClient(t.Context(), "reporting"); err != nil {
			t.Fatal(err)
		}
		foreign := start(t, cfgWith(t, cfg.Tokens.Format))
		for name, token := range map[string]string{
			"malformed": "x", "a refresh token": refresh, "revoked": access, "of a disabled client": client,
			"of another issuer": foreign.clientToken(), "unknown": "tg_00000000-0000-4000-8000-000000000000",
			"an introspection answer": f.introspect(live, header("Accept", answerType)).body,
		} {
			r := f.exchange(token, f.asGateway())
			t.Run(name, func(t *testing.T) {
				f.want(r, 400, "invalid_request")
				if r.header.Get("Cache-Control") != "no-store" {
					t.Errorf("Cache-Control is %q", r.header.Get("Cache-Control"))
				}
			})
		}
		f.advance(301 * time.Second)
		f.want(f.exchange(live, f.asGateway()), 400, "invalid_request") // expired
	})
}

func TestRFC8693_2_1_ActorTokensAreRefused(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	f.want(f.exchange(access, f.asGateway(), "actor_token", access, "actor_token_type", typeAccess), 400, "invalid_request")
	f.want(f.exchange(access, f.asGateway(), "actor_token", access), 400, "invalid_request")
	f.want(f.exchange(access, f.asGateway(), "actor_token_type", typeAccess), 400, "invalid_request")
}

func TestRFC8693_2_1_RequestedTokenType(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	f.want(f.exchange(access, f.asGateway(), "requested_token_type", typeAccess), 200, "")
	f.want(f.exchange(access, f.asGateway(), "requested_token_type", ""), 200, "")
	for _, kind := range []string{"refresh_token", "id_token", "saml1", "saml2", "jwt"} {
		r := f.exchange(access, f.asGateway(), "requested_token_type", "urn:ietf:params:oauth:token-type:"+kind)
		f.want(r, 400, "invalid_request")
	}
	f.want(f.exchange(access, f.asGateway(), "requested_token_type", "access_token"), 400, "invalid_request")
}

func TestRFC8693_2_1_SubjectTokenAndItsTypeAreRequired(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	ask := func(form ...string) reply {
		return f.post("/oauth2/token", append([]string{"grant_type", grantExchange}, form...), f.asGateway())
	}
	f.want(ask("subject_token", access), 400, "invalid_request")
	f.want(ask("subject_token_type", typeAccess), 400, "invalid_request")
	for _, kind := range []string{"refresh_token", "id_token", "saml1", "saml2"} {
		f.want(ask("subject_token", access, "subject_token_type", "urn:ietf:params:oauth:token-type:"+kind), 400, "invalid_request")
	}
	f.want(ask("subject_token", access, "subject_token_type", typeAccess), 200, "")
}

// What was exchanged for a token dies with it, along the whole chain and on every
// branch; what came before it lives on.
func TestRFC8693_2_1_RevocationReachesTheWholeChain(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		exchange := func(subject string) string { return f.exchange(subject, f.asGateway()).text(t, "access_token") }
		login, _ := f.mustLogin()
		for name, a := range map[string]string{"a login's token": login, "a client's token": f.clientToken()} {
			b := exchange(a)
			c, sibling := exchange(b), exchange(a)
			d, branch := exchange(c), exchange(b)
			f.want(f.revoke(b, f.asGateway()), 200, "")
			for what, token := range map[string]string{"itself": b, "C": c, "D": d, "a second token for it": branch} {
				if f.active(token) {
					t.Errorf("%s: after B was revoked, %s is active", name, what)
				}
			}
			if !f.active(a) || !f.active(sibling) {
				t.Errorf("%s: revoking B revoked what it was exchanged for, or another token for that", name)
			}
			f.want(f.exchange(b, f.asGateway()), 400, "invalid_request")
		}
	})
}

// An exchange and the revocation of its subject token at the same time: once the
// revocation is answered, nothing that was exchanged is active.
func TestRFC8693_2_1_RevocationAgainstExchange(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		cfg.Store.Kind = StorePebble
		f := start(t, cfg)
		login, _ := f.mustLogin()
		for range 60 {
			b := f.exchange(login, f.asGateway()).text(t, "access_token")
			c := f.exchange(b, f.asGateway()).text(t, "access_token")
			var answers [4]reply
			var all sync.WaitGroup
			for i := range answers {
				all.Go(func() { answers[i] = f.exchange([]string{b, c}[i%2], f.asGateway()) })
			}
			all.Go(func() {
				time.Sleep(rand.N(2 * time.Millisecond))
				f.want(f.revoke(b, f.asGateway()), 200, "")
			})
			// A second revocation finds the token alive, or all of it dead.
			f.want(f.revoke(b, f.asGateway()), 200, "")
			if f.active(c) {
				t.Fatal("B was revoked, and C is active")
			}
			all.Wait()
			for _, r := range answers {
				if r.status == 200 && f.active(r.text(t, "access_token")) {
					t.Fatal("B was revoked, and a token exchanged at that moment is active")
				}
			}
		}
	})
}

// The longest chain that is issued is accepted by every reader: the engine, and
// the gateway's client with plain and with signed introspection answers.
func TestRFC8693_4_1_WhatIsIssuedVerifies(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		_, secret, err := f.svc.Admin().AddClient(t.Context(), admin.NewClient{ID: "s", Service: true}) // short, for a deep chain
		if err != nil {
			t.Fatal(err)
		}
		last, _ := f.mustLogin()
		n := 0
		for ; n < 100; n++ {
			r := f.exchange(last, basicAuth("s", secret))
			if r.status != 200 {
				f.want(r, 400, "invalid_request")
				break
			}
			last = r.text(t, "access_token")
		}
		if n != maxActors {
			t.Errorf("%d exchanges in a row were issued, want %d", n, maxActors)
		}
		at := f.verifier("at+jwt", "orders")
		ask := func(phantom bool) error {
			c, err := client.New(client.Config{URL: f.url, ClientID: "gateway", ClientSecret: client.Secret{Env: "TOLLGATE_TEST_SECRET"}, Timeout: 5 * time.Second,
				Verify: func(answer []byte) ([]byte, error) {
					token, err := jwt.Parse(answer) // the signature has tests of its own
					if err != nil {
						return nil, err
					}
					return token.Payload, nil
				}})
			if err != nil {
				return err
			}
			defer c.Close()
			if phantom {
				answer, err := c.IntrospectPhantom(t.Context(), []byte(last))
				if err == nil && answer.Phantom != "" {
					_, err = at.Verify([]byte(answer.Phantom))
				}
				return err
			}
			_, err = c.Introspect(t.Context(), []byte(last))
			return err
		}
		t.Setenv("TOLLGATE_TEST_SECRET", f.gateway)
		if err := ask(false); err != nil {
			t.Errorf("introspection by the gateway's client: %v", err)
		}
		if cfg.Tokens.Format == FormatJWT {
			if _, err := at.Verify([]byte(last)); err != nil {
				t.Errorf("the engine refuses it: %v", err)
			}
		} else if err := ask(true); err != nil {
			t.Errorf("signed introspection by the gateway's client: %v", err)
		}
	})
}

// A token that would be longer than any verifier takes is not issued.
func TestTokenThatWouldBeTooLong(t *testing.T) {
	f := start(t, quick(t))
	var roles []string
	for i := range 200 {
		roles = append(roles, fmt.Sprintf("%060d", i))
	}
	_, secret, err := f.svc.Admin().AddClient(t.Context(), admin.NewClient{ID: "many", Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	r := f.post("/oauth2/token", []string{"grant_type", grantClient}, basicAuth("many", secret))
	f.want(r, 400, "invalid_request")
	if !strings.Contains(r.body, "8 KiB") {
		t.Errorf("the answer %q does not say why", r.body)
	}
}
