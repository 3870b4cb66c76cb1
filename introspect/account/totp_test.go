package account

import (
	"fmt"
	"testing"
)

// RFC 6238, appendix B: the last six digits of the eight that SHA-1 gives there.
func TestTOTPVectors(t *testing.T) {
	secret := []byte("12345678901234567890")
	for now, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totp(secret, now/totpStep); got != want {
			t.Errorf("at %d: %s, want %s", now, got, want)
		}
	}
}

// RFC 4226, appendix D.
func TestHOTPVectors(t *testing.T) {
	for i, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := totp([]byte("12345678901234567890"), int64(i)); got != want {
			t.Errorf("counter %d: %s, want %s", i, got, want)
		}
	}
}

func TestTOTPCheck(t *testing.T) {
	p := NewTOTP()
	const now = 1_700_000_000
	code := func(step int64) string { return totp(p.Secret, now/totpStep+step) }
	f := func(what string, p TOTP, code string, now int64, want bool) TOTP {
		t.Helper()
		next, ok := p.Check(code, now)
		if ok != want {
			t.Errorf("%s: %v, want %v", what, ok, want)
		}
		return next
	}
	used := f("the code of now", p, code(0), now, true)
	f("a code used before", used, code(0), now, false)
	f("a code of an earlier step than the one used", used, code(-1), now, false)
	f("the next code", used, code(1), now+30, true)
	f("a clock half a minute behind", p, code(-1), now, true)
	f("a clock half a minute ahead", p, code(1), now, true)
	f("a clock a minute behind", p, code(-2), now, false)
	f("a clock a minute ahead", p, code(2), now, false)
	f("written in groups", p, code(0)[:3]+" "+code(0)[3:], now, true)
	f("too long", p, code(0)+"0", now, false)
	f("empty", p, "", now, false)
	f("without a secret", TOTP{}, totp(nil, now/totpStep), now, false)
	if got := p.URI("Tollgate & Co", "alice"); got != fmt.Sprintf("otpauth://totp/Tollgate%%20&%%20Co:alice?secret=%s&issuer=Tollgate+%%26+Co", p.Base32()) {
		t.Errorf("URI is %s", got)
	}
}
