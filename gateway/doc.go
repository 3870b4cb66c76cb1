// Package gateway is the edge: it authenticates every request, decides by
// route, role and scope whether it may pass, and forwards it with the token
// and who the caller is.
//
//	g, err := gateway.New(cfg, logger)
//	err = g.Serve(ctx, public, admin) // until ctx ends, then drains
//
// A request goes through four stages, one file each:
//
//	credential    what the client presents: nothing, a token, a client's secret
//	authenticate  credential -> who it is, or why that is not known
//	decide        route and identity -> Decision, a value
//	forward       the Decision carried out: the request sent on, the answer relayed
//
// Everything about HTTP on the public listener is read once, by package
// internal/wire, from the bytes on the connection: what was authorised is what
// is forwarded. Status codes and error names are chosen in answer.go alone.
//
// What a reload may change is one immutable snapshot behind an atomic pointer.
package gateway
