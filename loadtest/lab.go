package loadtest

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/rig"
)

// lab is a run under way.
type lab struct {
	opt      Options
	plan     record.Plan
	journal  *record.Journal
	cells    []*record.Cell
	done     map[record.Key]bool
	progress *progress

	rig      *rig.Rig
	target   *rig.Target
	services map[string]*rig.Service // by format
	tokens   map[string][][]byte     // by format; they grow
	modes    map[string]*endpoint

	far  map[string]*far // of the phase under way, by format
	cold int             // tokens that the sweep of hit ratios has used up
}

// tokenSet is how many tokens the modes are compared with.
const tokenSet = 1000

// cacheTTL is how long a gateway remembers an introspection, where it does.
const cacheTTL = 10 * time.Minute

// formatOf is the format of the tokens that clients hold in a mode.
func formatOf(mode string) string {
	switch mode {
	case record.ModeOpaque, record.ModeOpaqueCache, record.ModePhantomCache:
		return "opaque"
	}
	return "jwt"
}

// need starts what every phase builds on, once.
func (l *lab) need(ctx context.Context) (err error) {
	if l.target != nil {
		return nil
	}
	l.progress.say("starting the target and the security services")
	if l.target, err = l.rig.Target(ctx); err != nil {
		return err
	}
	for _, format := range []string{"jwt", "opaque"} {
		if l.services[format], err = l.rig.Service(ctx, rig.ServiceOptions{Format: format}); err != nil {
			return err
		}
	}
	return nil
}

// tokensOf returns the first n tokens of a format, after getting what is missing.
func (l *lab) tokensOf(ctx context.Context, format string, n int) ([][]byte, error) {
	if missing := n - len(l.tokens[format]); missing > 0 {
		l.progress.say(fmt.Sprintf("getting %d %s tokens", missing, format))
		more, err := l.services[format].Tokens(ctx, missing)
		if err != nil {
			return nil, err
		}
		l.tokens[format] = append(l.tokens[format], more...)
	}
	return l.tokens[format][:n:n], nil
}

// gatewayOptions are those of a mode's gateway.
func (l *lab) gatewayOptions(mode string) rig.GatewayOptions {
	o := rig.GatewayOptions{Mode: "jwt", Service: l.services[formatOf(mode)], Upstream: l.target.URL()}
	switch mode {
	case record.ModeJWTCache:
		o.ClaimsCache = true
	case record.ModeOpaque:
		o.Mode = "opaque"
	case record.ModeOpaqueCache:
		o.Mode, o.TTL = "opaque", cacheTTL
	case record.ModePhantomCache:
		o.Mode, o.TTL, o.ClaimsCache = "phantom", cacheTTL, true
	}
	return o
}

// endpoints returns the modes with a gateway each (jwt's serves none and jwt's
// second turn as well), starting those that are not there yet, caches filled.
func (l *lab) endpoints(ctx context.Context, modes []string) (map[string]*endpoint, error) {
	if err := l.need(ctx); err != nil {
		return nil, err
	}
	for _, mode := range modes {
		if l.modes[mode] != nil {
			continue
		}
		e, err := l.endpoint(ctx, mode)
		if err != nil {
			return nil, err
		}
		l.modes[mode] = e
	}
	return l.modes, nil
}

func (l *lab) endpoint(ctx context.Context, mode string) (*endpoint, error) {
	switch mode {
	case record.ModeDirect:
		return newEndpoint(mode, l.target, nil, nil), nil
	case record.ModeNone, record.ModeJWTAgain:
		all, err := l.endpoints(ctx, []string{record.ModeJWT})
		if err != nil {
			return nil, err
		}
		jwt := all[record.ModeJWT]
		return newEndpoint(mode, l.target, jwt.service, jwt.tokens, jwt.gateways...), nil
	}
	tokens, err := l.tokensOf(ctx, formatOf(mode), tokenSet)
	if err != nil {
		return nil, err
	}
	l.progress.say("starting a gateway for " + mode)
	o := l.gatewayOptions(mode)
	g, err := l.rig.Gateway(ctx, o)
	if err != nil {
		return nil, err
	}
	e := newEndpoint(mode, l.target, o.Service, tokens, g)
	return e, g.Prime(ctx, tokens)
}
