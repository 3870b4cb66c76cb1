package client

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

func TestTokenAndRevoke(t *testing.T) {
	f := newFake(t, nil)
	answer := `{"access_token":"tok","token_type":"Bearer","expires_in":60}`
	status := 200
	f.says(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if r.URL.Path == "/oauth2/token" && (id != "a" || secret != "b & %41" || r.FormValue("grant_type") != "client_credentials") {
			t.Errorf("token for %q %q %q", id, secret, r.FormValue("grant_type"))
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, answer)
	})
	c := newClient(t, f.URL, func(c *Config) { c.Timeout = 5 * time.Second })
	token, err := c.Token(t.Context(), "a:b & %41")
	if err != nil || token.Value != "tok" || time.Until(token.Expires) < 50*time.Second {
		t.Errorf("%+v, %v", token, err)
	}
	fails := func(s int, body string, want error) {
		t.Helper()
		status, answer = s, body
		if _, err := c.Token(t.Context(), "a:b & %41"); !errors.Is(err, want) {
			t.Errorf("%d %s: err = %v, want %v", s, body, err, want)
		}
	}
	fails(401, `{"error":"invalid_client"}`, ErrCredentials)
	fails(400, `{"error":"unauthorized_client"}`, ErrCredentials)
	fails(429, `{}`, ErrBusy)
	fails(302, ``, ErrUnavailable)
	fails(200, `{"access_token":"","token_type":"Bearer","expires_in":60}`, ErrUnavailable)
	fails(200, `{"access_token":"x","token_type":"mac","expires_in":60}`, ErrUnavailable)
	fails(200, `nonsense`, ErrUnavailable)
	status, answer = 200, ""
	if err := c.Revoke(t.Context(), "tok"); err != nil {
		t.Error(err)
	}
	status = 403
	if err := c.Revoke(t.Context(), "tok"); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}
