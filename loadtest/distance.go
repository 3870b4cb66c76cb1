package loadtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/loadtest/generator"
	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/rig"
	"github.com/tollgate/tollgate/loadtest/stats"
)

// far is the network between gateways and one security service.
type far struct {
	link *rig.Distance
	set  time.Duration
	real time.Duration // as measured
}

// distant starts gateways that reach their security service through a distance.
func (l *lab) distant(ctx context.Context, s record.Sweep) (map[string]*endpoint, error) {
	if err := l.need(ctx); err != nil {
		return nil, err
	}
	l.far = map[string]*far{}
	out := map[string]*endpoint{}
	for _, mode := range s.Modes {
		format := formatOf(mode)
		n := tokenSet
		if s.Phase == record.PhaseHits {
			n = hotTokens + coldTokens(s)
		}
		tokens, err := l.tokensOf(ctx, format, n)
		if err != nil {
			return nil, err
		}
		if l.far[format] == nil {
			link, err := l.rig.Distance(l.services[format].Listen)
			if err != nil {
				return nil, err
			}
			l.far[format] = &far{link: link, set: -1}
		}
		l.progress.say("starting a distant gateway for " + mode)
		o := l.gatewayOptions(mode)
		o.Through = l.far[format].link.URL()
		g, err := l.rig.Gateway(ctx, o)
		if err != nil {
			return nil, err
		}
		e := newEndpoint(mode, l.target, o.Service, tokens, g)
		e.procs = append(e.procs, l.far[format].link.Process)
		if err := g.Prime(ctx, tokens[:min(n, tokenSet)]); err != nil {
			return nil, err
		}
		out[mode] = e
	}
	return out, nil
}

// move puts the service that a mode's tokens come from at a distance, and
// measures how far that is.
func (l *lab) move(ctx context.Context, mode string, roundTrip time.Duration) (*far, error) {
	f := l.far[formatOf(mode)]
	if f.set == roundTrip {
		return f, nil
	}
	if err := f.link.Set(roundTrip); err != nil {
		return nil, err
	}
	service := l.services[formatOf(mode)]
	through, err := probe(ctx, f.link.Listen)
	if err != nil {
		return nil, err
	}
	straight, err := probe(ctx, service.Listen)
	if err != nil {
		return nil, err
	}
	f.set, f.real = roundTrip, max(0, through-straight)
	return f, nil
}

// probe is the median time of a plain request over one connection. The
// difference between two probes of one service is the distance between them.
func probe(ctx context.Context, address string) (time.Duration, error) {
	requests, err := generator.Get(address, "/.well-known/jwks.json", nil, nil)
	if err != nil {
		return 0, err
	}
	run, err := generator.Open(generator.Config{
		Address: address, Connections: 1, Duration: 250 * ms,
		Requests: func(int) generator.Requests { return requests },
	})
	if err != nil {
		return 0, err
	}
	res, err := run.Start(ctx)
	if err != nil {
		return 0, err
	}
	if res.OK == 0 || res.Errors() > 0 {
		return 0, fmt.Errorf("probing %s: %d answers, %d errors", address, res.OK, res.Errors())
	}
	return time.Duration(res.Service.ValueAtQuantile(50)), nil
}

// distance measures at x milliseconds.
func (l *lab) distance(ctx context.Context, s record.Sweep, k record.Key, e *endpoint) (*record.Cell, error) {
	return l.atDistance(ctx, time.Duration(k.X*float64(ms)), k, e, load{rate: s.Rate, warmup: s.Warmup, duration: s.Duration})
}

func (l *lab) atDistance(ctx context.Context, roundTrip time.Duration, k record.Key, e *endpoint, o load) (*record.Cell, error) {
	f, err := l.move(ctx, e.mode, roundTrip)
	if err != nil {
		return nil, err
	}
	c, err := l.measure(ctx, k, e, o)
	if c != nil {
		c.Distance = f.real
	}
	return c, err
}

// hitsDistance is where the security service stands when hit ratios are swept:
// far enough for a miss to be seen.
const hitsDistance = 1 * ms

// hotTokens are those that make hits.
const hotTokens = 100

// coldTokens is how many tokens a sweep of hit ratios uses once each.
func coldTokens(s record.Sweep) int {
	n := 0.0
	for _, x := range s.X {
		n += (1 - x) * s.Rate * (s.Warmup + s.Duration).Seconds() * float64(s.Rounds)
	}
	return int(n*1.1) + 1000
}

// hits measures at a hit ratio of x: that share of requests carries one of a few
// tokens that the cache knows, the rest one that has never been sent.
func (l *lab) hits(ctx context.Context, s record.Sweep, k record.Key, e *endpoint) (*record.Cell, error) {
	fresh := *e
	fresh.tokens = append(e.tokens[:hotTokens:hotTokens], e.tokens[hotTokens+l.cold:]...)
	if l.cold == 0 { // the first of these were used to fill the cache
		l.cold = tokenSet - hotTokens
		fresh.tokens = append(e.tokens[:hotTokens:hotTokens], e.tokens[tokenSet:]...)
	}
	c, err := l.atDistance(ctx, hitsDistance, k, &fresh, load{
		rate: s.Rate, warmup: s.Warmup, duration: s.Duration,
		pick: func(seed uint64) generator.Pick { return generator.HotAndCold(hotTokens, k.X, seed) },
	})
	if err != nil {
		return nil, err
	}
	l.cold += int(c.Calls)
	return c, nil
}

// The stall: from when, and for how long.
const (
	stallAfter = 3 * sec
	stallFor   = 3 * sec
)

// stall measures while the security service stops answering for three seconds.
// Errors are what it looks for, so only what else could be wrong makes it void.
func (l *lab) stall(ctx context.Context, s record.Sweep, k record.Key, e *endpoint) (*record.Cell, error) {
	f, err := l.move(ctx, e.mode, 0)
	if err != nil {
		return nil, err
	}
	c, err := l.measure(ctx, k, e, load{
		rate: s.Rate, warmup: s.Warmup, duration: s.Duration, timeline: 100 * ms,
		during: func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(s.Warmup + stallAfter):
				return f.link.Stall(stallFor)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	if c.Errors > 0 { // what was refused reached nobody who counts it
		c.Counters = nil
	}
	facts := factsOf(c)
	facts.Errors, facts.Achieved = 0, facts.Offered
	c.Void = stats.Void(facts)
	if c.OK+c.Errors < c.Sent {
		return nil, errors.New("a request ended in no way")
	}
	return c, nil
}
