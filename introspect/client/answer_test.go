package client

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// An answer that says what cannot be so is no verdict on the token either.
func TestLies(t *testing.T) {
	good := active(time.Minute)
	// with is good with the member name said to be value, in JSON.
	with := func(name, value string) string {
		_, rest, ok := strings.Cut(good, `"`+name+`":`)
		if !ok {
			return `{"` + name + `":` + value + "," + good[1:]
		}
		end := strings.IndexAny(rest, ",}")
		if rest[0] == '[' {
			end = strings.Index(rest, "]") + 1
		}
		return strings.Replace(good, `"`+name+`":`+rest[:end], `"`+name+`":`+value, 1)
	}
	f := func(name, body string) {
		t.Helper()
		if body == good {
			t.Fatalf("%s: nothing is wrong", name)
		}
		noVerdict(t, name, says(body))
	}
	f("garbage", "\x00\xff not JSON")
	f("empty", "")
	f("two values", good+good)
	f("not an object", `["active"]`)
	f("no UTF-8", with("sub", "\"customer-\xff\""))
	f("too deep", with("x", strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)))

	f("active twice", strings.Replace(good, "{", `{"active":false,`, 1))
	f("active in another case", strings.Replace(good, `"active"`, `"Active"`, 1))
	f("active in two cases", strings.Replace(good, "{", `{"ACTIVE":false,`, 1))
	f("active no boolean", with("active", `"true"`))
	f("active a number", with("active", "1"))
	f("active null", with("active", "null"))
	f("without active", strings.Replace(good, `"active":true,`, ``, 1))

	f("expired", active(-time.Minute))
	f("without exp", strings.Replace(good, `"exp"`, `"expiry"`, 1))
	f("exp null", with("exp", "null"))
	f("exp a string", with("exp", fmt.Sprintf(`"%d"`, time.Now().Unix()+60)))
	f("exp twice", strings.Replace(good, "{", fmt.Sprintf(`{"exp":%d,`, time.Now().Unix()+600), 1))
	f("exp in milliseconds of a far year", with("exp", "9300000000000000000"))
	f("exp beyond what is exact", with("exp", "9007199254740993"))
	f("exp that wraps around", with("exp", "18446744073709552000"))
	f("nbf to come", with("nbf", fmt.Sprint(time.Now().Unix()+600)))
	f("iat to come", with("iat", fmt.Sprint(time.Now().Unix()+600)))
	f("iat before time", with("iat", "-9300000000000000"))

	f("another issuer", with("iss", `"https://issuer.evil"`))
	f("an issuer that begins like ours", with("iss", `"https://issuer.test.evil"`))
	f("without iss", strings.Replace(good, `"iss"`, `"issuer"`, 1))
	f("without sub", strings.Replace(good, `"sub"`, `"subject"`, 1))
	f("sub empty", with("sub", `""`))
	f("sub a number", with("sub", "1"))
	f("without jti", strings.Replace(good, `"jti"`, `"id"`, 1))
	f("aud no list", with("aud", `{"orders":true}`))
	f("aud a list of other things", with("aud", `["orders",1]`))
	f("roles no list", with("roles", `{"customer":true}`))
	f("roles a string", with("roles", `"customer"`))
	f("scope a list", with("scope", `["orders.read"]`))
}

// A token that is not for us is worth nothing here, whatever it is elsewhere.
func TestInactive(t *testing.T) {
	good := active(time.Minute)
	f := func(body string) {
		t.Helper()
		c := newClient(t, newFake(t, says(body)).URL, func(c *Config) { c.Timeout = 10 * time.Second })
		if _, err := c.Introspect(t.Context(), []byte("tg_x")); !errors.Is(err, ErrInactive) {
			t.Errorf("%s: err = %v, want ErrInactive", body, err)
		}
	}
	f(`{"active":false}`)
	f(strings.Replace(good, `true`, `false`, 1)) // and says more than it should
	f(strings.Replace(good, `"aud":"orders"`, `"aud":["a","b"]`, 1))
	f(strings.Replace(good, `"aud":"orders"`, `"aud":"orders2"`, 1))
	f(strings.Replace(good, `"aud":"orders"`, `"aud":[]`, 1))
	f(strings.Replace(good, `"aud":"orders",`, ``, 1))
}

// One of several audiences is enough, and none is needed where none is configured.
func TestAudience(t *testing.T) {
	good := active(time.Minute)
	f := func(want, aud string) {
		t.Helper()
		body := strings.Replace(good, `"aud":"orders",`, aud, 1)
		c := newClient(t, newFake(t, says(body)).URL, func(c *Config) { c.Timeout, c.Audience = 10*time.Second, want })
		if _, err := c.Introspect(t.Context(), []byte("tg_x")); err != nil {
			t.Errorf("%s: %v", aud, err)
		}
	}
	f("orders", `"aud":["billing","orders"],`)
	f("", `"aud":"other",`)
	f("", "")
}

// A token in its last second is inactive, and the service is not taken for broken,
// where its clock is up to a minute behind ours.
func TestLastSecondOfAToken(t *testing.T) {
	fake := newFake(t, nil)
	for _, ago := range []time.Duration{0, time.Second, 30 * time.Second, 55 * time.Second} {
		fake.says(says(active(-ago)))
		c := newClient(t, fake.URL, nil)
		if _, err := c.Introspect(t.Context(), []byte("tg_a")); err != ErrInactive {
			t.Errorf("active, and expired %v ago: %v, want ErrInactive", ago, err)
		}
	}
}
