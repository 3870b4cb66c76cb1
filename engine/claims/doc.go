// Package claims holds what a verified access token says, and decides whether
// that is acceptable now: issuer, audience, validity in time. It neither
// decodes nor verifies tokens; packages jwt and engine do. The time is passed
// in, so every decision here is a plain function of its arguments.
package claims
