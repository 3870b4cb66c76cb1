package loadtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/tollgate/tollgate/loadtest/generator"
	"github.com/tollgate/tollgate/loadtest/poll"
	"github.com/tollgate/tollgate/loadtest/rig"
	"github.com/tollgate/tollgate/loadtest/schedule"
)

// ErrSelftest is what Selftest returns when this machine does not let the
// generator do what the measurements need.
var ErrSelftest = errors.New("the generator does not do on this machine what it must: close what else runs here and try again; it wants a processor of its own")

// selftest is one under way: it writes a line a check.
type selftest struct {
	rig    *rig.Rig
	w      io.Writer
	failed bool
}

// Selftest shows what the generator can do on this machine, in less than a
// minute, against targets whose answers are known.
func Selftest(ctx context.Context, binary string, w io.Writer) (err error) {
	if !poll.Supported {
		return poll.ErrUnsupported
	}
	r, err := rig.New(binary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	t := &selftest{rig: r, w: w}
	for _, check := range []func(context.Context) error{t.lateness, t.stall, t.framing, t.timeouts, t.againstWrk} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	if t.failed {
		return ErrSelftest
	}
	return nil
}

// check writes what was found and whether it will do.
func (t *selftest) check(name string, good bool, format string, args ...any) {
	verdict := "ok  "
	if !good {
		verdict, t.failed = "FAIL", true
	}
	fmt.Fprintf(t.w, "%s  %-46s %s\n", verdict, name, fmt.Sprintf(format, args...))
}

// run loads a target that is started with args.
func (t *selftest) run(ctx context.Context, cfg generator.Config, args ...string) (*generator.Result, error) {
	target, err := t.rig.Target(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer t.rig.Stop(target.Process)
	requests, err := generator.Get(target.Listen, "/", nil, nil)
	if err != nil {
		return nil, err
	}
	cfg.Address = target.Listen
	cfg.Requests = func(int) generator.Requests { return requests }
	if target.Certificate != "" {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM([]byte(target.Certificate)) {
			return nil, errors.New("the target's certificate cannot be read")
		}
		cfg.TLS = &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
	}
	run, err := generator.Open(cfg)
	if err != nil {
		return nil, err
	}
	return run.Start(ctx)
}

func constantly(rate float64) func() schedule.Arrivals {
	return func() schedule.Arrivals { return schedule.Constant(rate) }
}

// lateness of sending, waking at the moment and spinning before it.
func (t *selftest) lateness(ctx context.Context) error {
	for _, c := range []struct {
		rate float64
		spin time.Duration
		most time.Duration
		how  string
	}{
		{1000, -1, 20 * time.Microsecond, "waking"}, {10_000, -1, 20 * time.Microsecond, "waking"},
		{1000, 0, 5 * time.Microsecond, "spinning"}, {10_000, 0, 5 * time.Microsecond, "spinning"},
	} {
		res, err := t.run(ctx, generator.Config{Arrivals: func() schedule.Arrivals { return schedule.Poisson(c.rate, 1) },
			Spin: c.spin, Warmup: 300 * ms, Duration: 2 * sec}, "--body", "128")
		if err != nil {
			return err
		}
		median := time.Duration(res.Lateness.ValueAtQuantile(50))
		t.check(fmt.Sprintf("lateness at %.0f/s, %s", c.rate, c.how), median < c.most && res.Errors() == 0,
			"median %v (must be under %v), p99 %v", median, c.most, time.Duration(res.Lateness.ValueAtQuantile(99)))
	}
	return nil
}

// stall: with answers held for 100 ms every 2 s, a share of (100 ms - x)/2 s of
// evenly spaced arrivals waits longer than x; a hundredth longer than 80 ms.
func (t *selftest) stall(ctx context.Context) error {
	const want = 80 * ms
	res, err := t.run(ctx, generator.Config{Arrivals: constantly(1000), Duration: 8 * sec}, "--stall", "100ms", "--every", "2s", "--body", "128")
	if err != nil {
		return err
	}
	got := time.Duration(res.Response.ValueAtQuantile(99))
	t.check("p99 against stalls of 100 ms every 2 s", math.Abs(float64(got-want)) < float64(want)/10 && res.Errors() == 0,
		"%v (arithmetic says %v)", got, want)
	return nil
}

// framing: TLS, chunks, and a server that closes.
func (t *selftest) framing(ctx context.Context) error {
	for _, c := range []struct {
		name       string
		args       []string
		reconnects bool
	}{
		{"TLS", []string{"--tls"}, false},
		{"chunked answers", []string{"--chunk", "300", "--body", "5000"}, false},
		{"chunked answers over TLS", []string{"--tls", "--chunk", "300", "--body", "20000"}, false},
		{"a server that closes after each answer", []string{"--close"}, true},
	} {
		res, err := t.run(ctx, generator.Config{Arrivals: constantly(500), Duration: sec, MaxConnections: 64}, c.args...)
		if err != nil {
			return err
		}
		t.check(c.name, res.OK == res.Sent && res.Errors() == 0 && (res.Reconnects > 0) == c.reconnects,
			"%d sent, %d answered, %d errors, %d reconnects", res.Sent, res.OK, res.Errors(), res.Reconnects)
	}
	return nil
}

// timeouts: a target that answers nobody.
func (t *selftest) timeouts(ctx context.Context) error {
	res, err := t.run(ctx, generator.Config{Arrivals: constantly(200), Duration: 500 * ms, Timeout: 200 * ms}, "--stall", "30s", "--every", "1h")
	if err != nil {
		return err
	}
	t.check("timeouts are errors", res.OK == 0 && res.Timeouts >= 99 && res.Timeouts == res.Errors(), "%d sent, %d timeouts", res.Sent, res.Timeouts)
	return nil
}
