package introspect

import (
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/admin"
)

func (f *fixture) revoke(token string, options ...option) reply {
	f.t.Helper()
	return f.post("/oauth2/revoke", []string{"token", token}, options...)
}

func TestRFC7009_2_1_ClientRevokesItsOwnToken(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		token, other := f.clientToken(), f.clientToken()
		f.want(f.revoke(token, f.asReporting()), 200, "")
		if f.active(token) || !f.active(other) {
			t.Error("the token is alive, or another one is dead")
		}
	})
}

func TestRFC7009_2_1_AnotherClientsTokenIsLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		token := f.clientToken()
		access, refresh := f.mustLogin()
		f.want(f.revoke(token), 200, "")
		f.want(f.revoke(access, f.asReporting()), 200, "")
		f.want(f.revoke(refresh, f.asReporting()), 200, "")
		if !f.active(token) || !f.active(access) {
			t.Error("a token was revoked by another client")
		}
		f.want(f.refresh(refresh), 200, "")
	})
}

func TestRFC7009_2_1_WrongClientCredentials(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	f.want(f.revoke(access, basicAuth("gateway", "wrong")), 401, "invalid_client")
	f.want(f.post("/oauth2/revoke", []string{"token", access, "client_id", "nobody"}), 401, "invalid_client")
	if !f.active(access) {
		t.Error("a token was revoked by nobody")
	}
	f.want(f.post("/oauth2/revoke", []string{"token", access, "client_id", "first-party"}), 200, "")
	if f.active(access) {
		t.Error("the public client could not revoke")
	}
}

func TestRFC7009_2_1_RefreshTokenRevokesAccessTokens(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, refresh := f.mustLogin()
		second := f.refresh(refresh)
		f.want(f.revoke(second.text(t, "refresh_token")), 200, "")
		if f.active(access) || f.active(second.text(t, "access_token")) {
			t.Error("an access token is alive")
		}
	})
}

func TestRFC7009_2_1_AccessTokenRevokesItsSession(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, refresh := f.mustLogin()
		f.want(f.revoke(access, f.asGateway()), 200, "")
		f.want(f.refresh(refresh), 400, "invalid_grant")
	})
}

func TestRFC7009_2_1_WrongHintIsIgnored(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, refresh := f.mustLogin()
		f.want(f.post("/oauth2/revoke", []string{"token", access, "token_type_hint", "refresh_token"}), 200, "")
		f.want(f.post("/oauth2/revoke", []string{"token", refresh, "token_type_hint", "x"}), 200, "")
		if f.active(access) {
			t.Error("the token is alive")
		}
	})
}

func TestRFC7009_2_2_UnknownTokenIs200(t *testing.T) {
	f := start(t, quick(t))
	for _, token := range []string{"x", "tg_00000000-0000-4000-8000-000000000000", "tgr_" + f.gateway, "a.b.c"} {
		f.want(f.revoke(token, f.asReporting()), 200, "")
		f.want(f.revoke(token), 200, "")
	}
	access, _ := f.mustLogin()
	for range 3 {
		f.want(f.revoke(access), 200, "") // dead already
	}
}

func TestRFC7009_2_1_RevocationTakesEffectAtOnce(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		for range 20 {
			access, _ := f.mustLogin()
			if !f.active(access) {
				t.Fatal("a new token is not active")
			}
			f.want(f.revoke(access), 200, "")
			if f.active(access) {
				t.Fatal("a revoked token is active")
			}
		}
	})
}

func TestRFC7009_2_1_TokenIsRequired(t *testing.T) {
	f := start(t, quick(t))
	f.want(f.post("/oauth2/revoke", nil, f.asReporting()), 400, "invalid_request")
	f.want(f.post("/oauth2/revoke", []string{"token", ""}, f.asReporting()), 400, "invalid_request")
	f.want(f.post("/oauth2/revoke", []string{"token_type_hint", "access_token"}, f.asReporting()), 400, "invalid_request")
}

// Credentials are looked at before the token: whether it is alive is not told.
func TestRFC7009_2_1_CredentialsComeFirst(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	wrong := basicAuth("reporting", "wrong")
	alive, unknown, none := f.revoke(access, wrong), f.revoke("x", wrong), f.revoke("", wrong)
	f.want(alive, 401, "invalid_client")
	if unknown.body != alive.body || none.body != alive.body || unknown.status != 401 || none.status != 401 {
		t.Errorf("answers differ: %v, %v, %v", alive, unknown, none)
	}
}

// Whatever kind of token is issued can be revoked, so unsupported_token_type
// has no use.
func TestRFC7009_2_EveryKindOfTokenIsRevoked(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, refresh := f.mustLogin()
		exchanged := f.exchange(access, f.asGateway()).text(t, "access_token")
		f.want(f.revoke(exchanged, f.asGateway()), 200, "")
		client := f.clientToken()
		f.want(f.revoke(client, f.asReporting()), 200, "")
		if f.active(exchanged) || f.active(client) || !f.active(access) {
			t.Error("an exchanged or a client's token is alive, or a login's is dead")
		}
		f.want(f.revoke(refresh), 200, "")
		f.want(f.refresh(refresh), 400, "invalid_grant")
		access, refresh = f.mustLogin()
		f.want(f.revoke(access), 200, "")
		f.want(f.refresh(refresh), 400, "invalid_grant")
		if f.active(access) {
			t.Error("an access token is alive")
		}
	})
}

// An exchanged token is that of the client that got it; a service client may
// revoke whatever it holds.
func TestRFC7009_2_1_ExchangedTokenIsItsClients(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		_, secret, err := f.svc.Admin().AddClient(t.Context(), admin.NewClient{ID: "stock", Service: true})
		if err != nil {
			t.Fatal(err)
		}
		access, _ := f.mustLogin()
		exchanged := f.exchange(access, f.asGateway()).text(t, "access_token")
		f.want(f.revoke(exchanged, f.asReporting()), 200, "")
		if !f.active(exchanged) {
			t.Fatal("a client revoked the token")
		}
		f.want(f.revoke(exchanged), 200, "")
		if !f.active(exchanged) {
			t.Error("the public client revoked the token")
		}
		f.want(f.revoke(exchanged, basicAuth("stock", secret)), 200, "")
		if f.active(exchanged) || !f.active(access) {
			t.Error("another service could not revoke the token, or revoked the one that it came from")
		}
	})
}

func TestRFC7009_2_2_AnswerIsEmpty(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	for _, token := range []string{access, access, "x"} {
		r := f.revoke(token)
		if r.status != 200 || r.body != "" {
			t.Errorf("answer is %d %q", r.status, r.body)
		}
	}
}

// 503 says that the token may still be alive, and when to try again.
func TestRFC7009_2_2_1_UnavailableSaysWhenToRetry(t *testing.T) {
	cfg := cfgWith(t, FormatJWT)
	cfg.Store.Kind = StorePebble
	f := start(t, cfg)
	access, _ := f.mustLogin()
	if err := f.svc.store.Close(); err != nil {
		t.Fatal(err)
	}
	r := f.revoke(access)
	f.want(r, 503, "temporarily_unavailable")
	if r.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After is %q", r.header.Get("Retry-After"))
	}
}

func TestRFC7009_2_3_NoScriptIsAnswered(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	r := f.post("/oauth2/revoke", []string{"token", access, "callback", "package.done"})
	if r.status != 200 || r.body != "" {
		t.Errorf("answer is %d %q", r.status, r.body)
	}
	r = f.post("/oauth2/revoke", []string{"callback", "package.done"})
	f.want(r, 400, "invalid_request")
	if kind := r.header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type is %q", kind)
	}
}

// The gateway revokes what its callers log out with, whoever it was issued to.
func TestServiceClientRevokesWhatItHolds(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		token, other := f.clientToken(), f.clientToken()
		f.want(f.revoke(token, f.asGateway()), 200, "")
		if f.active(token) || !f.active(other) {
			t.Error("the token is alive, or another one is dead")
		}
	})
}

// Logging out with an access token that has just expired ends its session.
func TestExpiredTokenEndsItsSession(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, refresh := f.mustLogin()
		second := f.refresh(refresh)
		client := f.clientToken()
		f.advance(5*time.Minute + time.Second)
		if f.active(access) {
			t.Fatal("the token has not expired")
		}
		f.want(f.revoke(access, f.asReporting()), 200, "")
		f.want(f.revoke(client, f.asGateway()), 200, "")
		before := f.svc.store.Feed().Last()
		f.want(f.revoke(access, f.asGateway()), 200, "")
		f.want(f.refresh(second.text(t, "refresh_token")), 400, "invalid_grant")
		if n := f.svc.store.Feed().Last() - before; n != 1 {
			t.Errorf("%d events, not 1", n)
		}
		// Again, it changes nothing.
		f.want(f.revoke(access, f.asGateway()), 200, "")
		if n := f.svc.store.Feed().Last() - before; n != 1 {
			t.Errorf("%d events after the second time, not 1", n)
		}
	})
}
