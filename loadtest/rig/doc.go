// Package rig starts what is measured: security services, gateways, the target
// behind them and the distance between them, each a process of the same binary
// on a free loopback port, with configurations in a temporary folder. It knows
// them from outside only, by command line, YAML and HTTP, as any operator would.
//
//	r, err := rig.New(ctx, binary)
//	defer r.Close()
//	service, err := r.Service(ctx, rig.ServiceOptions{Format: "jwt"})
//	target, err := r.Target(ctx)
//	gateway, err := r.Gateway(ctx, rig.GatewayOptions{Mode: "jwt", Service: service, Upstream: target.URL()})
//	tokens, err := service.Tokens(ctx, 1000)
//
// A child that the laboratory provides itself ends when its standard input does,
// the others on SIGTERM; they do not share the terminal's process group, so
// Ctrl-C reaches the laboratory alone, which ends them after it has what it needs.
package rig
