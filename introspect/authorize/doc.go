// Package authorize is the part of the security service that people see: the
// authorization endpoint (RFC 6749, section 4.1, with PKCE, RFC 7636), the
// pages where they log in and consent, the logins of their browsers, and what
// OpenID Connect adds to it.
//
// An authorization request is parsed into a Request, which travels sealed
// through the pages (Sealer) and is bound to the browser that began it by a
// cookie; nothing is stored for it. A login stores the browser's login and the
// code in one call of the store. A code is a record that changes once, from
// issued to used: see Redeem.
//
// A Server is safe for concurrent use.
package authorize
