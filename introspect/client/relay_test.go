package client

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// A page goes through with what it needs and nothing else: the service's own
// cookies both ways, where to go next, and what the browser may do with it.
func TestPage(t *testing.T) {
	var asked *http.Request
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		w.Header().Add("Set-Cookie", "tollgate-login=a; path=/; HttpOnly")
		w.Header().Add("Set-Cookie", "tollgate-request=b; path=/; HttpOnly")
		w.Header().Set("Location", "https://app.example/callback?code=c")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		w.WriteHeader(http.StatusSeeOther)
	})
	c := newClient(t, f.URL, nil)
	var in fasthttp.Request
	var out fasthttp.Response
	in.Header.SetMethod("POST")
	in.SetRequestURI("/oauth2/authorize/login?a=b")
	in.Header.Set("Cookie", "session=theirs; tollgate-request=mine; __Host-tollgate-login=too; nottollgate-x=no")
	in.Header.Set("Authorization", "Bearer somebody's")
	in.Header.Set("Accept-Language", "de")
	in.Header.SetContentType("application/x-www-form-urlencoded")
	in.SetBodyString("id=alice")
	if err := c.Page(&in, &out, "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	if id, _, _ := asked.BasicAuth(); id != "gateway" {
		t.Errorf("the service is asked in the name of %q, want gateway", id)
	}
	if got := asked.URL.String(); got != "/oauth2/authorize/login?a=b" || asked.PostForm.Get("id") != "alice" {
		t.Errorf("asked for %s with %v", got, asked.PostForm)
	}
	var names []string
	for _, cookie := range asked.Cookies() {
		names = append(names, cookie.Name)
	}
	slices.Sort(names)
	if want := []string{"__Host-tollgate-login", "tollgate-request"}; !slices.Equal(names, want) {
		t.Errorf("the service is sent the cookies %v, want %v", names, want)
	}
	for name, want := range map[string]string{"X-Forwarded-For": "192.0.2.7", "Accept-Language": "de"} {
		if got := asked.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if n := strings.Count(out.Header.String(), "Set-Cookie: tollgate-"); n != 2 {
		t.Errorf("%d cookies come back, want 2: %s", n, out.Header.String())
	}
	if out.StatusCode() != 303 || string(out.Header.Peek("Location")) != "https://app.example/callback?code=c" ||
		string(out.Header.Peek("Content-Security-Policy")) != "default-src 'none'" {
		t.Errorf("the browser is answered %d\n%s", out.StatusCode(), out.Header.String())
	}
}

// The head of a page's answer has room for a state as long as may be.
func TestPageWithALongLocation(t *testing.T) {
	to := "https://app.example/callback?state=" + strings.Repeat("%3C", 2048)
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusSeeOther)
	})
	c := newClient(t, f.URL, nil)
	var in fasthttp.Request
	var out fasthttp.Response
	in.SetRequestURI("/oauth2/authorize")
	if err := c.Page(&in, &out, "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	if got := string(out.Header.Peek("Location")); got != to {
		t.Errorf("Location has %d bytes, want %d", len(got), len(to))
	}
}
