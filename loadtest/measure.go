package loadtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/tollgate/tollgate/loadtest/generator"
	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/rig"
	"github.com/tollgate/tollgate/loadtest/schedule"
	"github.com/tollgate/tollgate/loadtest/stats"
)

// load is how an endpoint is loaded for one cell.
type load struct {
	rate             float64 // a second; 0: closed loop
	warmup, duration time.Duration
	connections      int // 0: the plan's
	pick             func(seed uint64) generator.Pick
	timeline         time.Duration
	timeout          time.Duration
	during           func(ctx context.Context) error // runs beside it
}

// seedOf is the seed of everything random in a cell: the same for all modes of a
// round at one place on the axis, so that they meet the same arrivals.
func seedOf(plan uint64, k record.Key) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, plan, k.Phase, k.X, k.Round)
	return h.Sum64()
}

// measure loads an endpoint and returns what came of it, with the verdict of the
// void rules.
func (l *lab) measure(ctx context.Context, k record.Key, e *endpoint, o load) (*record.Cell, error) {
	seed := seedOf(l.plan.Seed, k)
	if err := l.check(ctx, e); err != nil {
		return nil, err
	}
	if o.pick == nil {
		o.pick = generator.Uniform
	}
	requests, err := generator.Get(cmp.Or(e.host, e.address), e.path, e.tokens, o.pick(seed))
	if err != nil {
		return nil, err
	}
	cfg := l.config(e, o, seed, requests)
	run, err := generator.Open(cfg)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	before, err := e.read(ctx)
	if err != nil {
		return nil, err
	}
	cpu, err := cpuTimes(e.procs)
	if err != nil {
		return nil, err
	}
	stop := l.progress.cell(k, cfg.Live, o)
	started := time.Now()
	beside := make(chan error, 1)
	go func() {
		if o.during == nil {
			beside <- nil
			return
		}
		beside <- o.during(ctx)
	}()
	res, err := run.Start(ctx)
	stop()
	if err := errors.Join(err, <-beside); err != nil {
		return nil, err
	}
	cpuAfter, err := cpuTimes(e.procs)
	if err != nil {
		return nil, err
	}
	after, err := e.read(ctx)
	if err != nil {
		return nil, err
	}
	c := newCell(k, started, res, o)
	c.CPU = map[string]time.Duration{"generator": res.CPU}
	for label, t := range cpuAfter {
		c.CPU[label] = t - cpu[label]
	}
	c.Counters = e.counters(before, after, res.Sent)
	c.Calls = after.introspections - before.introspections
	c.Hits = e.hits(before, after, res.Sent)
	c.Steal = after.ticks.StealSince(before.ticks)
	c.Void = stats.Void(factsOf(c))
	return c, nil
}

func (l *lab) config(e *endpoint, o load, seed uint64, requests generator.Requests) generator.Config {
	cfg := generator.Config{
		Address: e.address, TLS: e.tls, Requests: func(int) generator.Requests { return requests },
		Warmup: o.warmup, Duration: o.duration, Timeout: o.timeout, Timeline: o.timeline,
		Connections: o.connections, Spin: l.plan.Spin, Live: new(generator.Live),
	}
	if cfg.Connections == 0 {
		cfg.Connections = l.plan.Connections
	}
	if o.rate > 0 {
		cfg.Arrivals = func() schedule.Arrivals { return schedule.Poisson(o.rate, seed) }
	}
	return cfg
}

// newCell takes over what the generator measured.
func newCell(k record.Key, started time.Time, res *generator.Result, o load) *record.Cell {
	c := &record.Cell{
		Key: k, Started: started.UTC().Round(ms), Window: res.Window, Closed: o.rate == 0,
		Offered: res.OfferedRate(), Achieved: res.AchievedRate(),
		Sent: res.Sent, OK: res.OK, Errors: res.Errors(), Status: res.Status, Timeouts: res.Timeouts,
		Response: &record.Histogram{H: res.Response}, Service: &record.Histogram{H: res.Service}, Lateness: &record.Histogram{H: res.Lateness},
		Timeline: res.Timeline, Bucket: o.timeline, Hits: -1,
	}
	if c.Closed {
		c.Offered = c.Achieved
		c.Response, c.Lateness = nil, nil // they mean nothing there
	}
	return c
}

func factsOf(c *record.Cell) stats.Facts {
	f := stats.Facts{Offered: c.Offered, Achieved: c.Achieved, Sent: c.Sent, Errors: c.Errors, Counters: c.Counters}
	if !c.Closed {
		f.Lateness = time.Duration(c.Lateness.H.ValueAtQuantile(50))
		f.Median = time.Duration(c.Response.H.ValueAtQuantile(50))
	}
	return f
}

// cpuTimes sums up the processor time of processes by label.
func cpuTimes(procs []*rig.Process) (map[string]time.Duration, error) {
	sum := map[string]time.Duration{}
	for _, p := range procs {
		t, err := p.CPU()
		if err != nil {
			return nil, err
		}
		sum[p.Label] += t
	}
	return sum, nil
}
