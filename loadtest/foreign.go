package loadtest

import (
	"context"
	"errors"
	"fmt"

	"github.com/tollgate/tollgate/loadtest/generator"
	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/rig"
)

// ForTargets is a plan for gateways of the user's: the first of them twice in
// every round, the others beside it.
func ForTargets(names []string, rate float64) record.Plan {
	p := base("target")
	p.Sweeps = []record.Sweep{{
		Phase: record.PhaseTarget, Modes: append(names[:len(names):len(names)], names[0]+record.Again), X: []float64{0},
		Rounds: 10, Rate: rate, Warmup: 500 * ms, Duration: 3 * sec,
	}}
	return p
}

// foreign makes endpoints of the user's gateways. Each must answer one request
// with its first token as it should, before it is sent more.
func (l *lab) foreign(ctx context.Context, _ record.Sweep) (map[string]*endpoint, error) {
	if len(l.opt.Targets) == 0 {
		return nil, errors.New("this run measures gateways of yours: give --target and --tokens again")
	}
	out := map[string]*endpoint{}
	for i, t := range l.opt.Targets {
		address, host, path, conf, err := generator.Target(t.URL)
		if err != nil {
			return nil, err
		}
		var first []byte
		if len(t.Tokens) > 0 {
			first = t.Tokens[0]
		}
		if err := rig.FetchAs(ctx, t.URL, first); err != nil {
			return nil, fmt.Errorf("asking %s once: %w", t.Name, err)
		}
		out[t.Name] = &endpoint{mode: t.Name, address: address, host: host, path: path, tls: conf, tokens: t.Tokens}
		if i == 0 {
			out[t.Name+record.Again] = out[t.Name]
		}
	}
	return out, nil
}
