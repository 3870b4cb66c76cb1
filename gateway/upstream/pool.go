package upstream

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/gateway/internal/netio"
)

// Options describe one upstream.
type Options struct {
	URLs        []*url.URL // http or https, host and port; at least one
	TLS         *tls.Config
	DialTimeout time.Duration
	IdleTimeout time.Duration // an idle connection is closed after it
	MaxIdle     int           // idle connections kept to an address
	MaxConns    int           // connections to all addresses; 0 for no bound
	Eject       Ejection
	Health      Health
	Watchdog    *netio.Watchdog
}

// A Pool is one upstream.
type Pool struct {
	opt   Options
	addrs []*Addr
	shut  atomic.Bool // nothing is kept any more
	next  atomic.Uint32
	open  atomic.Int64
}

// An Addr is one address of an upstream.
type Addr struct {
	Host   string // host:port
	pool   *Pool
	secure bool
	name   string // to expect in its certificate

	mu   sync.Mutex
	idle []*Conn // the last one put is the first one taken

	health health
}

// A Conn is a connection to an address.
type Conn struct {
	*netio.Conn
	Addr   *Addr
	Reused bool          // it has carried a request before
	since  time.Duration // when it was put back
	rest   time.Duration // how long it is not used after that
	keep   time.Duration // how long it may be idle, by the word of the upstream; 0 for no bound
}

// Rest has the connection not used for a while once it is put back: what the
// upstream still sends in that time shows that it cannot be used at all.
func (c *Conn) Rest(d time.Duration) { c.rest = d }

// KeepAlive heeds how long the upstream keeps an idle connection, as it says in
// the field Keep-Alive ("timeout=5", RFC 2068, section 19.7.1.1): after most of
// that time the connection is not used again, since a request could meet its end.
func (c *Conn) KeepAlive(field []byte) {
	for member := range bytes.SplitSeq(field, []byte{','}) {
		name, value, _ := bytes.Cut(bytes.TrimSpace(member), []byte{'='})
		if !bytes.EqualFold(name, []byte("timeout")) {
			continue
		}
		if n, err := strconv.ParseUint(string(value), 10, 32); err == nil {
			told := time.Duration(n) * time.Second
			c.keep = max(told-max(told/10, 500*time.Millisecond), time.Millisecond)
		}
	}
}

var start = time.Now()

// New returns the pool of one upstream. It does not connect.
func New(opt Options) *Pool {
	p := &Pool{opt: opt}
	for _, u := range opt.URLs {
		a := &Addr{Host: u.Host, pool: p, secure: u.Scheme == "https", name: u.Hostname()}
		if u.Port() == "" {
			port := "80"
			if a.secure {
				port = "443"
			}
			a.Host = net.JoinHostPort(u.Hostname(), port)
		}
		p.addrs = append(p.addrs, a)
	}
	return p
}

// Host is the host and port of the first address; a nil pool has none.
func (p *Pool) Host() string {
	if p == nil {
		return ""
	}
	return p.addrs[0].Host
}

// Addrs are the upstream's addresses.
func (p *Pool) Addrs() []*Addr { return p.addrs }

// Open is the number of connections, idle ones included.
func (p *Pool) Open() int { return int(p.open.Load()) }

// Get returns a connection to the address whose turn it is: the idle one that
// was used last, unless a fresh one is asked for. Addresses that fail to connect
// are passed over, and where there may be no more connections, an idle one to
// any address is taken.
func (p *Pool) Get(fresh bool) (*Conn, error) {
	turn := p.turn()
	now := p.opt.Watchdog.Now()
	var err error
	for i := range p.addrs {
		a := p.addrs[(turn+i)%len(p.addrs)]
		if len(p.addrs) > 1 && i+1 < len(p.addrs) && a.health.ejected(now) {
			continue
		}
		if !fresh {
			if c := a.take(); c != nil {
				return c, nil
			}
		}
		var c *Conn
		if c, err = a.dial(); err == nil {
			return c, nil
		}
		if err == ErrFull {
			return p.another(turn, fresh)
		}
		a.Report(false)
	}
	return nil, err
}

// another is a connection where the upstream has as many as it may: an idle one
// to any address or, where a fresh one is asked for, one in its place.
func (p *Pool) another(turn int, fresh bool) (*Conn, error) {
	for i := range p.addrs {
		a := p.addrs[(turn+i)%len(p.addrs)]
		c := a.take()
		switch {
		case c == nil:
		case !fresh:
			return c, nil
		default:
			p.Discard(c)
			return a.dial()
		}
	}
	return nil, ErrFull
}

// turn is the index of the address to try first.
func (p *Pool) turn() int {
	if len(p.addrs) == 1 {
		return 0
	}
	return int(p.next.Add(1)) % len(p.addrs)
}

// take returns the idle connection that was used last, or nil.
func (a *Addr) take() *Conn {
	for {
		a.mu.Lock()
		n := len(a.idle)
		if n == 0 {
			a.mu.Unlock()
			return nil
		}
		now := time.Since(start)
		i := n - 1
		for i >= 0 && a.idle[i].rest > 0 && now-a.idle[i].since < a.idle[i].rest {
			i--
		}
		if i < 0 {
			a.mu.Unlock()
			return nil
		}
		c := a.idle[i]
		a.idle = slices.Delete(a.idle, i, i+1)
		a.mu.Unlock()
		c.rest = 0
		if c.keep == 0 || time.Since(start)-c.since < c.keep {
			c.Reused = true
			return c
		}
		a.pool.Discard(c)
	}
}

func (a *Addr) dial() (*Conn, error) {
	p := a.pool
	if open := p.open.Add(1); p.opt.MaxConns > 0 && open > int64(p.opt.MaxConns) {
		p.open.Add(-1)
		return nil, ErrFull
	}
	d := net.Dialer{Timeout: p.opt.DialTimeout}
	nc, err := d.Dial("tcp", a.Host)
	if err == nil && a.secure {
		nc, err = a.handshake(nc)
	}
	if err != nil {
		p.open.Add(-1)
		return nil, fmt.Errorf("%w: %w", ErrConnect, err)
	}
	c := &Conn{Conn: netio.New(nc), Addr: a}
	p.opt.Watchdog.Add(c.Conn)
	return c, nil
}

func (a *Addr) handshake(nc net.Conn) (net.Conn, error) {
	cfg := a.pool.opt.TLS.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName = a.name
	}
	t := tls.Client(nc, cfg)
	t.SetDeadline(time.Now().Add(a.pool.opt.DialTimeout))
	if err := t.Handshake(); err != nil {
		nc.Close()
		return nil, err
	}
	t.SetDeadline(time.Time{})
	return t, nil
}

// Put gives a connection back on which nothing is under way.
func (p *Pool) Put(c *Conn) {
	c.ExpireRead(0)
	c.ExpireWrite(0)
	c.since = time.Since(start)
	a := c.Addr
	a.mu.Lock()
	if len(a.idle) < p.opt.MaxIdle && !p.shut.Load() {
		a.idle = append(a.idle, c)
		c = nil
	}
	a.mu.Unlock()
	if c != nil {
		p.Discard(c)
	}
}

// Discard closes a connection.
func (p *Pool) Discard(c *Conn) {
	p.opt.Watchdog.Remove(c.Conn)
	c.Close()
	p.open.Add(-1)
}

// Sweep closes what has been idle for too long. Idle connections are in the
// order of their use, so that it is a prefix that goes.
func (p *Pool) Sweep() { p.sweep(time.Since(start) - p.opt.IdleTimeout) }

// Close closes all idle connections, and those in use once they are put back.
func (p *Pool) Close() {
	p.shut.Store(true)
	p.sweep(math.MaxInt64)
}

func (p *Pool) sweep(before time.Duration) {
	for _, a := range p.addrs {
		a.mu.Lock()
		n := 0
		for n < len(a.idle) && a.idle[n].since <= before {
			n++
		}
		old := append([]*Conn(nil), a.idle[:n]...)
		a.idle = append(a.idle[:0], a.idle[n:]...)
		clear(a.idle[len(a.idle):cap(a.idle)])
		a.mu.Unlock()
		for _, c := range old {
			p.Discard(c)
		}
	}
}
