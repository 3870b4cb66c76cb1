package gateway

import (
	"strings"
	"testing"

	"github.com/tollgate/tollgate/gateway/policy"
)

// The cookies by which the security service knows people's browsers go no further
// than the gateway: an upstream that saw one could log in as its visitor.
func TestUpstreamsDoNotSeeLogins(t *testing.T) {
	w, auth := newRules(t,
		Route{Prefix: "/plain"},
		Route{Prefix: "/from", TokenFrom: []string{"authorization", "cookie:session"}},
		Route{Prefix: "/set", Headers: policy.HeaderRules{Request: policy.FieldRules{Set: map[string]string{"X-A": "b"}}}},
		Route{Prefix: "/without", Headers: policy.HeaderRules{Request: policy.FieldRules{Remove: []string{"cookie"}}}},
	)
	f := func(target, want string, cookies ...string) {
		t.Helper()
		w.upstream.forget()
		fields := []string{"Authorization", auth}
		for _, c := range cookies {
			fields = append(fields, "Cookie", c)
		}
		if res := w.do("GET", target, fields...); res.StatusCode != 200 {
			t.Fatalf("%s: %d", target, res.StatusCode)
		}
		sent := w.upstream.sent()
		if strings.Contains(sent, "secret") {
			t.Errorf("%s with %q: the upstream sees the login in\n%s", target, cookies, sent)
		}
		if got := strings.Count(strings.ToLower(sent), "\r\ncookie:"); want == "" && got != 0 || want != "" && (got != 1 || !strings.Contains(sent, "\r\nCookie: "+want+"\r\n")) {
			t.Errorf("%s with %q: want Cookie %q in\n%s", target, cookies, want, sent)
		}
	}
	for _, target := range []string{"/plain", "/from", "/set"} {
		f(target, "a=b", "a=b")
		f(target, "", "__Host-tollgate-login=secret")
		f(target, "", "tollgate-login=secret; tollgate-request=secret")
		f(target, "a=b; c=d", "a=b; __Host-tollgate-login=secret;c=d")
		f(target, "a=b; c=d", "__Host-tollgate-request=secret; a=b", "tollgate-login=secret", "c=d")
	}
	f("/without", "", "a=b; __Host-tollgate-login=secret")
}
