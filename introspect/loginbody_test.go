package introspect

import (
	"strings"
	"testing"
)

// multipartBody is what a page's FormData sends.
func multipartBody(fields ...string) (kind, body string) {
	var b strings.Builder
	for i := 0; i < len(fields); i += 2 {
		b.WriteString("--edge\r\nContent-Disposition: form-data; name=\"" + fields[i] + "\"\r\n\r\n" + fields[i+1] + "\r\n")
	}
	return "multipart/form-data; boundary=edge", b.String() + "--edge--\r\n"
}

func TestLoginTakesMultipart(t *testing.T) {
	f := start(t, quick(t))
	kind, body := multipartBody("id", "alice", "password", alicePassword, "remember", "on")
	f.want(f.send("POST", "/login", kind, body), 200, "")
	for name, fields := range map[string][]string{
		"id twice":    {"id", "alice", "id", "alice", "password", alicePassword},
		"no password": {"id", "alice"},
		"a file":      {"id", "alice", `password"; filename="x`, alicePassword},
	} {
		kind, body := multipartBody(fields...)
		if r := f.send("POST", "/login", kind, body); r.status != 400 || r.text(t, "error") != "invalid_request" {
			t.Errorf("%s: answered %d %s, wanted 400 invalid_request", name, r.status, r.body)
		}
	}
	kind, body = multipartBody("id", "alice", "password", alicePassword)
	f.want(f.send("POST", "/login", kind, strings.TrimSuffix(body, "--edge--\r\n")), 400, "invalid_request")
	f.want(f.send("POST", "/login", "multipart/form-data", body), 400, "invalid_request")
}

// A body of another type than it says, or of none, is refused with what to send.
func TestLoginSaysWhichTypeIsMissing(t *testing.T) {
	f := start(t, quick(t))
	json := `{"id":"alice","password":"` + alicePassword + `"}`
	for _, c := range []struct{ kind, want string }{
		{"", errLoginType.(*refusal).description},
		{"text/plain", errLoginType.(*refusal).description},
		{"application/x-www-form-urlencoded", errLoginJSON.(*refusal).description},
	} {
		r := f.send("POST", "/login", c.kind, json)
		if r.status != 400 || r.text(t, "error_description") != c.want {
			t.Errorf("Content-Type %q: answered %d %s, wanted 400 %q", c.kind, r.status, r.body, c.want)
		}
	}
}

// A browser opens its own dialog for a Basic challenge, over the page that has
// asked: there is none where the page has shown no Basic credentials itself.
func TestNoBasicChallengeForPages(t *testing.T) {
	f := start(t, quick(t))
	_, refresh := f.mustLogin()
	for _, c := range []struct {
		what, want string
		r          reply
	}{
		{"a wrong password", "Bearer", f.login("alice", "wrong")},
		{"a wrong password through the gateway", "Bearer", f.login("alice", "wrong", f.asGateway())},
		{"a refresh by a wrong client", "Bearer", f.post("/oauth2/token", []string{"grant_type", "refresh_token", "refresh_token", refresh, "client_id", "nobody"})},
		{"a revocation by a wrong client", "Bearer", f.post("/oauth2/revoke", []string{"token", refresh, "client_id", "nobody"})},
		{"wrong Basic credentials", "Basic", f.post("/oauth2/token", []string{"grant_type", "client_credentials"}, basicAuth("reporting", "wrong"))},
	} {
		scheme, _, _ := strings.Cut(c.r.header.Get("WWW-Authenticate"), " ")
		if c.r.status != 401 || scheme != c.want {
			t.Errorf("%s: answered %d with WWW-Authenticate %q, wanted 401 with %s", c.what, c.r.status, c.r.header.Get("WWW-Authenticate"), c.want)
		}
	}
}

// People change their own password: with the old one, by the rules, and to the
// end of all their sessions.
func TestChangeOwnPassword(t *testing.T) {
	f := start(t, quick(t))
	f.svc.admin.MinPassword = 12
	access, _ := f.mustLogin()
	change := func(old, next string) reply {
		t.Helper()
		return f.post("/account/password", []string{"id", "alice", "password", old, "new_password", next})
	}
	f.want(change("wrong", "a new password of mine"), 401, "invalid_grant")
	for next, want := range map[string]string{
		"":             "new_password must be 1 to 1024 bytes",
		"eleven char":  "new_password is too short: it has 11 characters, and 12 are the least",
		"1qaz2wsx3edc": "new_password is among the 10,000 most common ones, or is the id: choose another",
	} {
		if r := change(alicePassword, next); r.status != 400 || r.text(t, "error_description") != want {
			t.Errorf("%q: answered %d %s, wanted 400 %q", next, r.status, r.body, want)
		}
	}
	if !f.active(access) {
		t.Error("a change that was refused has ended the session")
	}
	if r := change(alicePassword, "a new password of mine"); r.status != 204 || r.body != "" {
		t.Errorf("answered %d %s, wanted 204", r.status, r.body)
	}
	if f.active(access) {
		t.Error("the session goes on after the password was changed")
	}
	f.want(f.login("alice", alicePassword), 401, "invalid_grant")
	f.want(f.login("alice", "a new password of mine"), 200, "")
}
