package httpauth

import (
	"errors"
	"net/http"

	"github.com/tollgate/tollgate/engine/claims"
)

// A refusal is an answer of RFC 6750, section 3.
type refusal struct {
	status    int
	challenge string // WWW-Authenticate; empty: Retry-After instead
	body      string
}

func refuse(status int, code, description, more string) refusal {
	return refusal{
		status,
		`Bearer error="` + code + `", error_description="` + description + `"` + more,
		`{"error":"` + code + `","error_description":"` + description + `"}` + "\n",
	}
}

// The answers say that a token has expired, since a client can mend that, and
// otherwise nothing of why it is not good.
var (
	nobody    = refusal{http.StatusUnauthorized, "Bearer", `{"error":"unauthorized"}` + "\n"}
	ambiguous = refuse(http.StatusBadRequest, "invalid_request", "The credentials are ambiguous", "")
	expired   = refuse(http.StatusUnauthorized, "invalid_token", "The access token expired", "")
	invalid   = refuse(http.StatusUnauthorized, "invalid_token", "The access token is not valid", "")
)

// unavailable says nothing of the token: nobody has looked at it.
var unavailable = refusal{http.StatusServiceUnavailable, "", `{"error":"temporarily_unavailable","error_description":"Tokens cannot be verified at the moment"}` + "\n"}

func refusalOf(err error) *refusal {
	switch {
	case errors.Is(err, errNobody):
		return &nobody
	case errors.Is(err, errRequest):
		return &ambiguous
	case errors.Is(err, ErrUnavailable):
		return &unavailable
	case errors.Is(err, claims.ErrExpired):
		return &expired
	}
	return &invalid
}

// field is the header field that tells the client how to go on.
func (f *refusal) field() (name, value string) {
	if f.challenge == "" {
		return "Retry-After", "1"
	}
	return "WWW-Authenticate", f.challenge
}
