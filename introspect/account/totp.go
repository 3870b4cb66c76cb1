package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
)

// A TOTP is a person's time-based one-time password (RFC 6238): SHA-1, steps of
// 30 seconds and 6 digits, which is what every authenticator application knows.
type TOTP struct {
	Secret []byte `json:"secret"` // 20 random bytes (RFC 4226, section 4, R6)
	// Last is the last step for which a code was taken: a code works once (RFC
	// 6238, section 5.2).
	Last int64 `json:"last,omitempty"`
}

const (
	totpStep    = 30 // seconds
	totpDigits  = 6
	totpModulus = 1_000_000
	totpDrift   = 1 // steps that the person's clock may be off
)

// NewTOTP makes a TOTP with a random secret.
func NewTOTP() TOTP {
	secret := make([]byte, 20)
	rand.Read(secret)
	return TOTP{Secret: secret}
}

// Check reports whether code is one of now, in Unix seconds, that has not been
// used. next is the TOTP to store in place of t: the code does not work again
// once it has been stored.
func (t TOTP) Check(code string, now int64) (next TOTP, ok bool) {
	code = strings.ReplaceAll(code, " ", "") // as applications show it
	if len(code) != totpDigits || len(t.Secret) == 0 {
		return t, false
	}
	found := int64(-1)
	for step := now/totpStep - totpDrift; step <= now/totpStep+totpDrift; step++ {
		// Every step is compared, so that the time taken tells nothing.
		if hmac.Equal([]byte(totp(t.Secret, step)), []byte(code)) && step > t.Last {
			found = step
		}
	}
	if found < 0 {
		return t, false
	}
	t.Last = found
	return t, true
}

// totp is the code of a step (RFC 4226, section 5.3).
func totp(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%0*d", totpDigits, (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%totpModulus)
}

// Base32 is the secret as people type it.
func (t TOTP) Base32() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(t.Secret)
}

// URI is the secret as applications read it from a picture, for the account id
// at issuer.
func (t TOTP) URI(issuer, id string) string {
	label := url.PathEscape(issuer) + ":" + url.PathEscape(id)
	return "otpauth://totp/" + label + "?secret=" + t.Base32() + "&issuer=" + url.QueryEscape(issuer)
}
