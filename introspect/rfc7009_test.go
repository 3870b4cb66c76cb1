package introspect

import "testing"

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
		f.want(f.revoke(token, f.asGateway()), 200, "")
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
