package edge

import (
	"strings"
	"testing"

	"github.com/tollgate/tollgate/gateway/policy"
)

// sent are fields, name and value in turn.
type sent []string

func (s sent) values(name string) (all [][]byte) {
	for i := 0; i < len(s); i += 2 {
		if strings.EqualFold(s[i], name) {
			all = append(all, []byte(s[i+1]))
		}
	}
	return all
}

// Where tokens are found, and what is left for the upstream.
func TestCarry(t *testing.T) {
	f := func(from []string, target string, fields sent, token, rest, lines string) {
		t.Helper()
		table, err := policy.New([]policy.Route{{Prefix: "/", TokenFrom: from}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var standard Presented
		if v := fields.values("Authorization"); len(v) > 0 {
			standard = Presented{Authorization: v[0], HasAuthorization: true}
		}
		c := carry(table.Rules()[0].Sources, fields, []byte(target), standard, true)
		got := target
		if c.target != nil {
			got = string(c.target)
		}
		if string(c.presented.Authorization) != token || c.presented.HasAuthorization != (token != "") || got != rest || string(c.lines) != lines {
			t.Errorf("%v of %s %q: %q, %s, %q; want %q, %s, %q", from, target, fields, c.presented.Authorization, got, c.lines, token, rest, lines)
		}
	}
	query := []string{"authorization", "query:access_token"}
	f(query, "/a?access_token=t1&b=c", nil, "Bearer t1", "/a?b=c", "")
	f(query, "/a?b=c&access_token=t1", nil, "Bearer t1", "/a?b=c", "")
	f(query, "/a?access_token=t1", nil, "Bearer t1", "/a", "")
	f(query, "/a?%61ccess_token=t%2F1", nil, "Bearer t/1", "/a", "")
	f(query, "/a?access_token=t1&access_token=t2&x", nil, "Bearer ", "/a?x", "")
	f(query, "/a?xaccess_token=t1", nil, "", "/a?xaccess_token=t1", "")
	f(query, "/a?access_token=t1&b", sent{"Authorization", "Bearer t0"}, "Bearer t0", "/a?b", "")
	f(query, "/a", nil, "", "/a", "")
	cookie := []string{"cookie:session"}
	f(cookie, "/a", sent{"Cookie", "a=b; session=t1; c=d"}, "Bearer t1", "/a", "Cookie: a=b; c=d\r\n")
	f(cookie, "/a", sent{"Cookie", "session=\"t1\"", "cookie", "x=y"}, "Bearer t1", "/a", "Cookie: x=y\r\n")
	f(cookie, "/a", sent{"Cookie", "session=t1; session=t2"}, "Bearer ", "/a", "")
	f(cookie, "/a", sent{"Cookie", "xsession=t1;Session=t2"}, "", "/a", "Cookie: xsession=t1; Session=t2\r\n")
	f(cookie, "/a", sent{"Cookie", "__Host-tollgate-login=s; session=t1; tollgate-request=s; tollgate=x"}, "Bearer t1", "/a", "Cookie: tollgate=x\r\n")
	f(cookie, "/a", sent{"Authorization", "Bearer t0"}, "", "/a", "")
	header := []string{"header:Cf-Access-Jwt-Assertion", "authorization"}
	f(header, "/a", sent{"cf-access-jwt-assertion", "t1"}, "Bearer t1", "/a", "")
	f(header, "/a", sent{"Cf-Access-Jwt-Assertion", "Bearer t1", "Authorization", "Bearer t0"}, "Bearer t1", "/a", "")
	f(header, "/a", sent{"Cf-Access-Jwt-Assertion", "t1", "Cf-Access-Jwt-Assertion", "t2"}, "Bearer ", "/a", "")
	f(header, "/a", sent{"Authorization", "Bearer t0"}, "Bearer t0", "/a", "")
	ws := []string{"websocket"}
	f(ws, "/a", sent{"Sec-WebSocket-Protocol", "bearer, t1"}, "Bearer t1", "/a", "")
	f(ws, "/a", sent{"Sec-WebSocket-Protocol", "chat, bearer, t1, mqtt"}, "Bearer t1", "/a", "Sec-WebSocket-Protocol: chat, mqtt\r\n")
	f(ws, "/a", sent{"Sec-WebSocket-Protocol", "chat"}, "", "/a", "Sec-WebSocket-Protocol: chat\r\n")
	f(ws, "/a", sent{"Sec-WebSocket-Protocol", "bearer"}, "", "/a", "Sec-WebSocket-Protocol: bearer\r\n")
}

func TestSameOrigin(t *testing.T) {
	f := func(site, origin, host string, want bool) {
		t.Helper()
		if got := sameOrigin([]byte(site), []byte(origin), []byte(host)); got != want {
			t.Errorf("Sec-Fetch-Site %q, Origin %q to %s: %v", site, origin, host, got)
		}
	}
	f("same-origin", "", "a.example", true)
	f("same-site", "https://a.example", "a.example", false)
	f("cross-site", "https://a.example", "a.example", false)
	f("none", "", "a.example", false)
	f("", "https://A.example:8443", "a.example:8443", true)
	f("", "https://b.example", "a.example", false)
	f("", "https://a.example.b", "a.example", false)
	f("", "null", "a.example", false)
	f("", "", "a.example", false)
	f("", "https://", "", false)
}
