package httpauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/netip"
	"strings"

	"github.com/tollgate/tollgate/engine/claims"
)

// The identity headers that a gateway sets, and from which it lets no client in.
const (
	HeaderSubject = "X-Auth-Subject"
	HeaderClient  = "X-Auth-Client"
	HeaderRoles   = "X-Auth-Roles"  // separated by commas
	HeaderScopes  = "X-Auth-Scopes" // separated by spaces
	HeaderTokenID = "X-Auth-Token-Id"
	HeaderGateway = "X-Auth-Gateway" // the shared secret
)

// A Gateway is what a service knows its gateway by. At least one field is set,
// and all that are set must hold.
type Gateway struct {
	// Secrets are what X-Auth-Gateway may be. There is more than one while they are
	// changed.
	Secrets []string
	// Addresses are where the gateway connects from. Between it and the service
	// there must be no other proxy, and nobody else must be able to use the address.
	Addresses []netip.Prefix
}

// MinSecret is the least length of a secret, in bytes.
const MinSecret = 32

// ErrGateway: a Gateway that would let anybody in.
var ErrGateway = errors.New("gateway cannot be told from others")

// TrustGateway returns an Auth that takes a request's identity headers for true
// if the request comes from g. The claims it makes have no issuer, audience or
// times: the gateway has checked those.
func TrustGateway(g Gateway) (*Auth, error) {
	if len(g.Secrets) == 0 && len(g.Addresses) == 0 {
		return nil, ErrGateway
	}
	t := &trust{addresses: g.Addresses}
	for _, s := range g.Secrets {
		if len(s) < MinSecret {
			return nil, ErrGateway
		}
		t.secrets = append(t.secrets, sha256.Sum256([]byte(s)))
	}
	return &Auth{t.identify}, nil
}

type trust struct {
	secrets   [][sha256.Size]byte // digests: of one length, and nothing to print
	addresses []netip.Prefix
}

func (t *trust) identify(r request) (*claims.Claims, error) {
	if !t.knows(r) {
		return nil, errNobody
	}
	var v claims.Values
	var roles, scopes string
	for _, h := range []struct {
		name string
		to   *string
	}{
		{HeaderSubject, &v.Subject}, {HeaderClient, &v.ClientID}, {HeaderTokenID, &v.TokenID},
		{HeaderRoles, &roles}, {HeaderScopes, &scopes},
	} {
		value, values := r.appendHeader(nil, h.name)
		if values > 1 {
			return nil, errRequest
		}
		*h.to = string(value)
	}
	for _, text := range []*string{&v.Subject, &v.ClientID, &v.TokenID} {
		var ok bool
		if *text, ok = claims.ParseText(*text); !ok {
			return nil, errRequest
		}
	}
	if v.Subject == "" {
		return nil, errNobody // the gateway let the request in without asking who it is from
	}
	for role := range strings.SplitSeq(roles, ",") {
		role, ok := claims.ParseText(role)
		if !ok {
			return nil, errRequest
		}
		if role != "" {
			v.Roles = append(v.Roles, role)
		}
	}
	v.Scopes = strings.Fields(scopes)
	return claims.New(v), nil
}

func (t *trust) knows(r request) bool {
	if len(t.addresses) > 0 && !t.from(r.peer()) {
		return false
	}
	if len(t.secrets) == 0 {
		return true
	}
	value, values := r.appendHeader(nil, HeaderGateway)
	if values != 1 {
		return false
	}
	digest := sha256.Sum256(value)
	known := 0
	for i := range t.secrets {
		known |= subtle.ConstantTimeCompare(digest[:], t.secrets[i][:])
	}
	return known == 1
}

func (t *trust) from(peer string) bool {
	a, err := netip.ParseAddrPort(peer)
	if err != nil {
		return false
	}
	addr := a.Addr().Unmap().WithZone("")
	for _, p := range t.addresses {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
