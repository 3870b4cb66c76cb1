package identity

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// either are the typ of issuers that are on the way from one to the other.
var either = []string{"JWT", "at+jwt"}

// profiles are what issuers write into their tokens, by the kind of issuer. What a
// profile does not say is as RFC 9068 has it.
var profiles = map[string]Issuer{
	"rfc9068": {
		Types: []string{"at+jwt"},
	},
	"keycloak": {
		Types:    either,
		Claims:   Claims{Client: []string{"client_id", "azp"}, Roles: []string{"realm_access.roles"}, Scopes: []string{"scope"}},
		Optional: []string{"sub", "aud", "jti"},
		// An ID token has the same typ in its header; this member of the payload tells
		// them apart. Lightweight tokens can lack it.
		Require: map[string]Values{"typ": {"Bearer", ""}},
	},
	"auth0": {
		Types:    either,
		Claims:   Claims{Client: []string{"client_id", "azp"}, Roles: []string{"roles"}, Scopes: []string{"scope", "permissions"}},
		Optional: []string{"jti", "client_id"},
	},
	"entra": {
		Types:      []string{"JWT"},
		Algorithms: []string{"RS256"},
		Claims:     Claims{Subject: []string{"oid", "sub"}, Client: []string{"azp", "appid"}, ID: []string{"jti", "uti"}, Roles: []string{"roles"}, Scopes: []string{"scp"}},
		Optional:   []string{"jti"},
	},
	"cognito": {
		Types:      []string{"none", "JWT"},
		Algorithms: []string{"RS256"},
		Claims:     Claims{Roles: []string{"cognito:groups"}, Scopes: []string{"scope"}},
		Optional:   []string{"aud"},
		Require:    map[string]Values{"token_use": {"access"}},
	},
	"okta": {
		Types:  []string{"none", "JWT", "at+jwt", "application/okta-internal-at+jwt"},
		Claims: Claims{Client: []string{"client_id", "cid"}, Roles: []string{"groups"}, Scopes: []string{"scp"}},
	},
	"google": {
		Types:      []string{"JWT"},
		Algorithms: []string{"RS256", "ES256"}, // ES256: Identity-Aware Proxy
		Claims:     Claims{Client: []string{"azp"}},
		Optional:   []string{"jti", "client_id"},
	},
	"firebase": {
		Types:      []string{"JWT"},
		Algorithms: []string{"RS256"},
		Optional:   []string{"jti", "client_id"},
	},
	"kubernetes": {
		Types:    []string{"none", "JWT"},
		Optional: []string{"client_id", "jti"},
		Require:  map[string]Values{"sub": {"system:serviceaccount:*"}},
	},
	"github-actions": {
		Types:      []string{"JWT"},
		Algorithms: []string{"RS256"},
		Optional:   []string{"client_id"},
		demands:    []string{"sub", "repository_owner", "repository_owner_id", "repository", "repository_id", "job_workflow_ref", "enterprise", "enterprise_id"},
	},
	"gitlab": {
		Types:    []string{"JWT"},
		Optional: []string{"client_id"},
		demands:  []string{"sub", "namespace_path", "namespace_id", "project_path", "project_id", "job_project_path", "job_project_id"},
	},
	"zitadel": {
		Types:  either,
		Claims: Claims{Client: []string{"client_id", "azp"}, Roles: []string{"urn:zitadel:iam:org:project:roles"}},
		// machine users' tokens have no client of their own
		Optional: []string{"client_id"},
	},
	"authentik": {
		Types:    either,
		Claims:   Claims{Client: []string{"client_id", "azp"}, Roles: []string{"groups"}, Scopes: []string{"scope"}},
		Optional: []string{"jti"},
	},
	"hydra": {
		Types:    either,
		Claims:   Claims{Client: []string{"client_id"}, Roles: []string{"ext.roles", "roles"}, Scopes: []string{"scp", "scope"}},
		Optional: []string{"aud", "jti"}, // introspection has no jti
	},
	"dex": {
		Types:    []string{"none", "JWT"},
		Claims:   Claims{Client: []string{"azp"}, Roles: []string{"groups"}},
		Optional: []string{"jti", "client_id"},
	},
	"spiffe": {
		Types:    []string{"none", "JWT", "JOSE"},
		Optional: []string{"iat", "jti", "client_id"},
		uses:     []string{"jwt-svid"},
		svid:     true,
	},
	"cloudflare-access": {
		Types:      []string{"none", "JWT"},
		Algorithms: []string{"RS256"},
		Claims:     Claims{Subject: []string{"sub", "common_name"}, Client: []string{"common_name", "azp"}, Roles: []string{"groups", "custom.groups"}},
		Optional:   []string{"jti", "client_id"},
		// The token of the login page itself, of type org, is for no application.
		Require:  map[string]Values{"type": {"app", ""}},
		keysPath: "/cdn-cgi/access/certs",
	},
}

// noDiscovery are the profiles whose issuers publish no document that leads to
// the keys from the name.
var noDiscovery = []string{"spiffe"}

// Profiles are the names of all profiles, in order.
func Profiles() []string { return slices.Sorted(maps.Keys(profiles)) }

func profile(name string) (Issuer, bool) {
	p, ok := profiles[name]
	p.discovery = !slices.Contains(noDiscovery, name)
	return p, ok
}

// Describe is the profile as YAML, as it would stand in issuers.
func Describe(name string) (string, error) {
	p, ok := profile(name)
	if !ok {
		return "", fmt.Errorf("profile %q is none; want one of %s", name, strings.Join(Profiles(), ", "))
	}
	var b strings.Builder
	list := func(indent, key string, values []string) {
		if len(values) > 0 {
			quoted := make([]string, len(values))
			for i, v := range values {
				quoted[i] = v
				if v == "" || strings.ContainsAny(v, ":*{}[],&!|>%@` ") {
					quoted[i] = fmt.Sprintf("%q", v)
				}
			}
			fmt.Fprintf(&b, "%s%s: [%s]\n", indent, key, strings.Join(quoted, ", "))
		}
	}
	fmt.Fprintf(&b, "profile: %s\n", name)
	list("", "types", p.Types)
	list("", "algorithms", p.Algorithms)
	or := func(said []string, usual ...string) []string {
		if said == nil {
			return usual
		}
		return said
	}
	b.WriteString("claims:\n")
	list("  ", "subject", or(p.Claims.Subject, "sub"))
	list("  ", "client", or(p.Claims.Client, "client_id"))
	list("  ", "id", or(p.Claims.ID, "jti"))
	list("  ", "roles", or(p.Claims.Roles, "roles"))
	list("  ", "scopes", or(p.Claims.Scopes, "scope", "scp"))
	list("", "optional", p.Optional)
	if len(p.Require) > 0 {
		b.WriteString("require:\n")
		for _, claim := range slices.Sorted(maps.Keys(p.Require)) {
			list("  ", claim, p.Require[claim].texts())
		}
	}
	fmt.Fprintf(&b, "skew: %v\n", defaultSkew)
	if len(p.demands) > 0 {
		fmt.Fprintf(&b, "# require needs a rule for one of %s: everybody can have tokens of this issuer made\n", strings.Join(p.demands, ", "))
	}
	if p.svid {
		b.WriteString("# name: spiffe://TRUST-DOMAIN; tokens need no iss, and sub is the trust domain or below it\n")
	}
	if len(p.uses) > 0 {
		fmt.Fprintf(&b, "# keys whose use is %s are signature keys too\n", strings.Join(p.uses, ", "))
	}
	if !p.discovery {
		b.WriteString("# keys: {url: …} or {file: …} is required: there is no document for discovery\n")
	}
	if p.keysPath != "" {
		fmt.Fprintf(&b, "# keys: name and %s, unless url or file is given\n", p.keysPath)
	}
	if name == "google" {
		b.WriteString("# name: https://accounts.google.com; accounts.google.com is the same issuer\n")
	}
	return b.String(), nil
}
