package claims

import (
	"errors"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	const now = Time(1_800_000_000_000)
	p := Policy{Issuer: "i", Audiences: []string{"a", "b"}, Skew: 2 * time.Second, MaxLifetime: time.Hour}
	good := Values{Issuer: "i", Audience: []string{"x", "b"}, IssuedAt: now - 1000, NotBefore: now, ExpiresAt: now + 1000}
	f := func(p Policy, change func(*Values), want error) {
		t.Helper()
		v := good
		change(&v)
		if err := p.Check(New(v), now); !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", v, err, want)
		}
	}
	same := func(*Values) {}
	f(p, same, nil)
	f(p, func(v *Values) { v.Issuer = "I" }, ErrIssuer)
	f(p, func(v *Values) { v.Issuer = "" }, ErrIssuer)
	f(p, func(v *Values) { v.Audience = []string{"x"} }, ErrAudience)
	f(p, func(v *Values) { v.Audience = nil }, ErrAudience)
	// valid while nbf <= now < exp, with the skew on each
	f(p, func(v *Values) { v.ExpiresAt = now - 1999 }, nil)
	f(p, func(v *Values) { v.ExpiresAt = now - 2000 }, ErrExpired)
	f(p, func(v *Values) { v.NotBefore = now + 2000 }, nil)
	f(p, func(v *Values) { v.NotBefore = now + 2001 }, ErrNotYetValid)
	f(p, func(v *Values) { v.IssuedAt = now + 2000 }, nil)
	f(p, func(v *Values) { v.IssuedAt = now + 2001 }, ErrNotYetValid)
	f(p, func(v *Values) { v.NotBefore = 0 }, nil)
	// no longer than an hour; the skew does not add to it
	f(p, func(v *Values) { v.IssuedAt, v.ExpiresAt = now, now+3600_000 }, nil)
	f(p, func(v *Values) { v.IssuedAt, v.ExpiresAt = now, now+3600_001 }, ErrExpired)
	// no overflow at the ends of what a NumericDate may be
	f(p, func(v *Values) { v.IssuedAt, v.ExpiresAt = -(1<<53)*1000, (1<<53)*1000 }, ErrExpired)
	f(p, func(v *Values) { v.IssuedAt, v.ExpiresAt = (1<<53)*1000, (1<<53)*1000 }, ErrNotYetValid)
	f(Policy{}, func(v *Values) { v.IssuedAt, v.ExpiresAt = -(1<<53)*1000, (1<<53)*1000 }, nil)
	// more skew than may be granted is not granted
	f(Policy{Skew: time.Hour}, func(v *Values) { v.ExpiresAt = now - 59_999 }, nil)
	f(Policy{Skew: time.Hour}, func(v *Values) { v.ExpiresAt = now - 60_000 }, ErrExpired)
	// what is not asked for is not checked
	f(Policy{}, func(v *Values) { v.Issuer, v.Audience = "anybody", nil }, nil)
	// the first thing wrong is told
	f(p, func(v *Values) { *v = Values{} }, ErrIssuer)
	f(p, func(v *Values) { *v = Values{Issuer: "i"} }, ErrAudience)
	f(p, func(v *Values) { v.ExpiresAt, v.NotBefore = 0, now+1e6 }, ErrExpired)
}

func TestTime(t *testing.T) {
	f := func(ms Time, seconds int64) {
		t.Helper()
		if got := ms.Unix(); got != seconds {
			t.Errorf("%d ms are %d s, want %d", ms, got, seconds)
		}
		if got := At(ms.Std()); got != ms {
			t.Errorf("%d became %d", ms, got)
		}
	}
	f(0, 0)
	f(999, 0)
	f(1000, 1)
	f(-1, -1)
	f(-1000, -1)
	f(-1001, -2)
	f(1_800_000_000_123, 1_800_000_000)
	if got := At(time.Unix(1, 1_999_999)); got != 1001 {
		t.Errorf("%d", got)
	}
}
