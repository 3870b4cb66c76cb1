// Package gateway is the edge: it authenticates every request, decides by
// route, role and scope whether it may pass, and forwards it with the token
// and who the caller is.
//
//	g, err := gateway.New(cfg, logger)
//	err = g.Serve(ctx, public, admin) // until ctx ends, then drains
//
// A request goes through four stages, a package each:
//
//	edge      the connection: bytes -> a request that has one reading
//	identity  what the client presents -> who it is, or why that is not known
//	policy    route and caller -> what becomes of the request
//	upstream  the connections to what stands behind the gateway
//
// This package puts them together: Config, New, Serve, Reload, the admin
// listener and metrics.
//
// What a reload may change is one immutable snapshot behind an atomic pointer.
package gateway
