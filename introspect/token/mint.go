package token

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/google/uuid"
)

// The prefixes of the tokens that are kept as digests.
const (
	AccessPrefix  = "tg_"
	RefreshPrefix = "tgr_"
)

// NewID makes a jti or sid: 122 random bits as a version-4 UUID.
func NewID() string { return uuid.New().String() }

// NewAccess makes an opaque access token.
func NewAccess() string { return AccessPrefix + uuid.New().String() }

// NewRefresh makes a refresh token.
func NewRefresh() string {
	var random [32]byte
	rand.Read(random[:])
	return RefreshPrefix + base64.RawURLEncoding.EncodeToString(random[:])
}

// IsAccess reports whether s has the form of an opaque access token.
func IsAccess(s []byte) bool {
	return len(s) == len(AccessPrefix)+36 && string(s[:len(AccessPrefix)]) == AccessPrefix
}

// IsRefresh reports whether s has the form of a refresh token.
func IsRefresh(s []byte) bool {
	return len(s) == len(RefreshPrefix)+43 && string(s[:len(RefreshPrefix)]) == RefreshPrefix
}
