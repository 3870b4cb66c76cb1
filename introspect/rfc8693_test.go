package introspect

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/admin"
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
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	got := f.exchange(access, f.asGateway()).fields(t)
	if got["issued_token_type"] != typeAccess || got["token_type"] != "Bearer" || got["refresh_token"] != nil {
		t.Errorf("answer is %v", got)
	}
}

func TestRFC8693_1_NeverWider(t *testing.T) {
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
func TestRFC8693_RevocationReachesExchangedTokens(t *testing.T) {
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
		act, _ := json.Marshal(f.introspect(second).fields(t)["act"])
		if string(act) != `{"act":{"sub":"gateway"},"sub":"billing"}` {
			t.Errorf("act is %s", act)
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
	f := start(t, quick(t))
	access, refresh := f.mustLogin()
	f.want(f.exchange("x", f.asGateway()), 400, "invalid_request")
	f.want(f.exchange(refresh, f.asGateway()), 400, "invalid_request")
	f.want(f.revoke(access), 200, "")
	f.want(f.exchange(access, f.asGateway()), 400, "invalid_request")
}

func TestRFC8693_2_1_WhatIsNotUnderstoodIsRefused(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	f.want(f.exchange(access, f.asGateway(), "actor_token", access, "actor_token_type", typeAccess), 400, "invalid_request")
	f.want(f.exchange(access, f.asGateway(), "resource", "https://billing.example"), 400, "invalid_target")
	f.want(f.exchange(access, f.asGateway(), "requested_token_type", "urn:ietf:params:oauth:token-type:saml2"), 400, "invalid_request")
	ask := func(form ...string) reply {
		return f.post("/oauth2/token", append([]string{"grant_type", grantExchange}, form...), f.asGateway())
	}
	f.want(ask("subject_token", access), 400, "invalid_request")
	f.want(ask("subject_token_type", typeAccess), 400, "invalid_request")
	f.want(ask("subject_token", access, "subject_token_type", "urn:ietf:params:oauth:token-type:id_token"), 400, "invalid_request")
	f.want(ask("subject_token", access, "subject_token_type", typeJWT), 200, "")
}
