package policy

import (
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
)

// decided is the decision on a request to the only route there is.
func decided(t *testing.T, route Route, r *Request, c *claims.Claims, now time.Time) Decision {
	t.Helper()
	if route.Prefix == "" {
		route.Prefix = "/"
	}
	table := table(t, route)
	m := table.Match(r)
	return m.Decide(r, c, now)
}

// RFC 9470: which login a route needs, and how the caller learns of it.
func TestStepUp(t *testing.T) {
	login := time.Unix(1700000000, 0)
	f := func(route Route, after time.Duration, payload string, verdict Verdict, challenge, why string) {
		t.Helper()
		c := claims.New(claims.Values{Payload: payload})
		d := decided(t, route, ask("GET", "/"), c, login.Add(after))
		if d.Verdict != verdict || d.Challenge != challenge || d.Why != why {
			t.Errorf("%+v", d)
		}
	}
	const begins = `Bearer error="insufficient_user_authentication", error_description="another login is required"`
	acr := Route{ACR: []string{"2", "3"}}
	f(acr, 0, `{"acr":"2"}`, Allowed, "", "")
	f(acr, 0, `{"acr":"1"}`, WrongLogin, begins+`, acr_values="2 3"`, `acr is "1", want one of 2, 3`)
	f(acr, 0, `{"acr":2}`, WrongLogin, begins+`, acr_values="2 3"`, `acr is "", want one of 2, 3`)
	f(acr, 0, `{}`, WrongLogin, begins+`, acr_values="2 3"`, `acr is "", want one of 2, 3`)
	age := Route{MaxAuthAge: 5 * time.Minute}
	f(age, 5*time.Minute, `{"auth_time":1700000000}`, Allowed, "", "")
	f(age, 5*time.Minute+time.Second, `{"auth_time":1700000000}`, WrongLogin, begins+`, max_age="300"`, "the login was 5m1s ago, want at most 5m0s")
	f(age, 0, `{"auth_time":"1700000000"}`, WrongLogin, begins+`, max_age="300"`, "the token has no auth_time")
	f(age, 0, `{}`, WrongLogin, begins+`, max_age="300"`, "the token has no auth_time")
	both := Route{ACR: []string{"2"}, MaxAuthAge: time.Minute}
	f(both, 0, `{"acr":"2","auth_time":1700000000.5}`, Allowed, "", "")
	f(both, 0, `{"acr":"1","auth_time":1700000000}`, WrongLogin, begins+`, acr_values="2", max_age="60"`, `acr is "1", want one of 2`)
}

func TestOptional(t *testing.T) {
	table := table(t, Route{Prefix: "/", Optional: true})
	r := ask("GET", "/")
	m := table.Match(r)
	if m.Caller() != CallerOptional {
		t.Errorf("caller %d", m.Caller())
	}
	for _, c := range []*claims.Claims{nil, caller()} {
		if d := m.Decide(r, c, time.Now()); d.Verdict != Allowed {
			t.Errorf("%v: %+v", c, d)
		}
	}
}

// A route's own rates: by address before anybody is authenticated, by subject
// after, and through a reload.
func TestRouteRates(t *testing.T) {
	route := Route{Prefix: "/", RatePerAddress: 2, RatePerClient: 1}
	tab := table(t, route)
	now := time.Unix(1000, 0)
	r := shopRequest()
	m := tab.Match(r)
	admit := func(want Verdict, wait time.Duration) {
		t.Helper()
		if d := m.Admit(r, now); d.Verdict != want || d.Wait != wait {
			t.Errorf("%+v", d)
		}
	}
	admit(Allowed, 0)
	admit(Allowed, 0)
	admit(Limited, 500*time.Millisecond)
	decide := func(want Verdict, wait time.Duration) {
		t.Helper()
		if d := m.Decide(r, caller(), now); d.Verdict != want || d.Wait != wait {
			t.Errorf("%+v", d)
		}
	}
	decide(Allowed, 0)
	decide(Limited, time.Second)
	again, err := New([]Route{{Prefix: "/other"}, route}, tab)
	if err != nil {
		t.Fatal(err)
	}
	m = again.Match(r)
	admit(Limited, 500*time.Millisecond)
	decide(Limited, time.Second)
	now = now.Add(time.Second)
	admit(Allowed, 0)
	decide(Allowed, 0)
}

// Claims travel in the fields that the route names, encoded where a field could
// not hold them; what is no text has none.
func TestClaimHeaders(t *testing.T) {
	route := Route{ClaimHeaders: map[string]string{
		"X-User-Email": "email", "X-Groups": "groups", "X-Roles": "realm_access.roles", "X-NS": "kubernetes.io.namespace", "X-Dotted": "a.b",
		"X-Level": "level", "X-Big": "big", "X-Verified": "email_verified", "X-Name": "name",
		"X-None": "department", "X-Null": "nothing", "X-Object": "realm_access", "X-Deep": "realm_access.roles.x",
	}}
	d := decided(t, route, ask("GET", "/"), caller(), time.Now())
	const want = "X-Big: 9007199254740993\r\nX-Dotted: dotted\r\nX-Groups: staff,Domain Admins,CN=Ops%2COU=Groups\r\nX-Level: 3\r\nX-NS: ns\r\n" +
		"X-Name: M%C3%BCller\r\nX-Roles: r1,r2\r\nX-User-Email: a@b.example\r\nX-Verified: true\r\n"
	if d.Verdict != Allowed || string(d.Claims) != want {
		t.Errorf("%d\n%s, want\n%s", d.Verdict, d.Claims, want)
	}
	route.Optional = true
	if d := decided(t, route, ask("GET", "/"), nil, time.Now()); len(d.Claims) > 0 {
		t.Errorf("nobody has claims: %s", d.Claims)
	}
	// no claim makes a line of its own
	c := claims.New(claims.Values{Payload: `{"email":"a\r\nX-Auth-Subject: root","groups":["\u0000"," a "]}`})
	d = decided(t, route, ask("GET", "/"), c, time.Now())
	if string(d.Claims) != "X-Groups: %00,%20a%20\r\nX-User-Email: a%0D%0AX-Auth-Subject: root\r\n" {
		t.Errorf("%q", d.Claims)
	}
}

// Fields that a route sets, removes or fills from claims are not the client's,
// however their names are spelled.
func TestHeaderRules(t *testing.T) {
	tab := table(t, Route{Prefix: "/", ClaimHeaders: map[string]string{"X-User-Email": "email"}, Headers: HeaderRules{
		Request:  FieldRules{Set: map[string]string{"X-B": "2", "X-A": "1"}, Remove: []string{"Cookie"}},
		Response: FieldRules{Set: map[string]string{"Cache-Control": "no-store"}, Remove: []string{"Server"}},
	}})
	r := tab.Rules()[0]
	request, response := r.RequestChanges(), r.ResponseChanges()
	if string(request.Lines) != "X-A: 1\r\nX-B: 2\r\n" || string(response.Lines) != "Cache-Control: no-store\r\n" {
		t.Errorf("%q, %q", request.Lines, response.Lines)
	}
	f := func(name string, inRequest, inResponse bool) {
		t.Helper()
		if request.Drops([]byte(name)) != inRequest || response.Drops([]byte(name)) != inResponse {
			t.Errorf("%s: %v, %v", name, !inRequest, !inResponse)
		}
	}
	for _, name := range []string{"X-User-Email", "x_user_email", "X.User.Email", "x-user_EMAIL", "X-A", "x.a", "cookie"} {
		f(name, true, false)
	}
	f("SERVER", false, true)
	f("cache_control", false, true)
	f("Accept", false, false)
	f("Access-Control-Allow-Origin", false, false)
	plain := table(t, Route{Prefix: "/"}).Rules()[0]
	if plain.RequestChanges() != nil || plain.ResponseChanges() != nil {
		t.Error("a route without rules has some")
	}
	shared := table(t, Route{Prefix: "/", CORS: CORS{Origins: []string{"https://a.example"}}}).Rules()[0].ResponseChanges()
	if !shared.Drops([]byte("access-control-allow-ORIGIN")) || shared.Drops([]byte("access-control")) {
		t.Error("who says the CORS fields")
	}
}
