// Package identity knows the issuers whose tokens the gateway takes: what each
// kind of issuer writes (profiles), where its keys are, and how opaque tokens of
// its are introspected.
//
//	issuer, err := identity.Resolve(conf)       // a profile with what conf replaces
//	keys, err := identity.NewKeys(issuer, log)  // by discovery, URL or file
//	rules := issuer.Rules(keys.Set)             // what package engine verifies by
//
// The configuration is checked by Check without opening a file or a connection.
// Nothing here sees a request; package engine verifies, and the gateway asks.
package identity
