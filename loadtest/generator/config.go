package generator

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/tollgate/tollgate/loadtest/schedule"
)

// Config describes one run.
type Config struct {
	Address string      // host:port
	TLS     *tls.Config // nil: plain

	// Requests gives each thread its source of requests.
	Requests func(thread int) Requests

	// Arrivals makes the schedule, once for each thread, each time the same.
	// nil asks for the closed loop.
	Arrivals func() schedule.Arrivals

	Connections    int // opened before the run; in the closed loop all there are; default 64
	MaxConnections int // an open loop opens more when all are busy; default 1024
	Threads        int // default 1

	Warmup   time.Duration // sent and answered like the rest, but not recorded
	Duration time.Duration // of the window that is recorded
	Timeout  time.Duration // from sending to the last byte; default 5 s

	// Spin is for how long before an intended moment a thread means to be awake and
	// spins; default DefaultSpin, negative: it means to wake at that moment. What
	// waking takes is learned, and added.
	Spin time.Duration

	Expect   int           // the status that is not an error; default 200
	Timeline time.Duration // width of a bucket of Result.Timeline; 0: none
	Live     *Live         // told of progress; may be nil
}

// DefaultSpin covers by how much wake-ups differ.
const DefaultSpin = 20 * time.Microsecond

func (c *Config) check() error {
	switch {
	case c.Address == "":
		return errors.New("generator: no address")
	case c.Requests == nil:
		return errors.New("generator: no requests")
	case c.Duration <= 0:
		return errors.New("generator: a run without a duration")
	case c.Warmup < 0:
		return errors.New("generator: a negative warm-up")
	case c.Connections < 0 || c.MaxConnections < 0 || c.Threads < 0 || c.Timeout < 0:
		return errors.New("generator: a negative limit")
	}
	return nil
}

// withDefaults fills in what was left zero.
func (c Config) withDefaults() Config {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&c.Connections, 64)
	def(&c.MaxConnections, max(1024, c.Connections))
	def(&c.Threads, 1)
	def(&c.Expect, 200)
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	switch {
	case c.Spin == 0:
		c.Spin = DefaultSpin
	case c.Spin < 0:
		c.Spin = 0
	}
	if c.Live == nil {
		c.Live = new(Live)
	}
	return c
}

// Target takes a URL apart into what Config wants and the path to ask for.
func Target(raw string) (address, host, path string, conf *tls.Config, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", "", "", nil, fmt.Errorf("target %q: %w", raw, err)
	}
	port := u.Port()
	switch {
	case u.Hostname() == "":
		return "", "", "", nil, fmt.Errorf("target %q names no host", raw)
	case u.User != nil:
		return "", "", "", nil, errors.New("a target's URL carries no credentials; tokens come from a file")
	case u.Scheme == "http":
		if port == "" {
			port = "80"
		}
	case u.Scheme == "https":
		if port == "" {
			port = "443"
		}
		conf = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	default:
		return "", "", "", nil, fmt.Errorf("target %q is neither http nor https", raw)
	}
	return net.JoinHostPort(u.Hostname(), port), u.Host, u.RequestURI(), conf, nil
}
