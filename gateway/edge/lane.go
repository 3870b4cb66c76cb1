package edge

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/gateway/internal/netio"
)

// A lane is a client's connection as fasthttp sees it. Read returns only bytes
// of requests for the gateway's own endpoints, one whole request and nothing
// behind it before fasthttp has answered; every other request is served within
// Read, which returns io.EOF when the connection is done with.
//
// One goroutine of fasthttp's calls Read, Write and Close. While it is within
// Read, others may call Close and the deadline methods: Close then asks for the
// end, and the deadlines are the lane's own affair.
type lane struct {
	s      *Server
	nc     *netio.Conn
	remote netip.Addr
	secure bool

	mem      *memory
	scanned  int  // bytes already searched for the end of the head
	headSize int  // of the head that was accepted while its body is waited for; 0 for none
	bodyDue  bool // the deadline of that body is set: it does not move with what arrives
	closing  bool // no request after this one
	lingers  bool // the last answer may reach the client before it has sent all
	started  bool
	first    [1]byte // of a request on TLS, read without a memory
	x        exchange

	local   localState
	pending []byte // of the request for fasthttp, not read by it yet: a view of mem.out

	reading atomic.Bool // the owner is within Read
	busy    atomic.Bool // a request is under way
	once    sync.Once   // of the end
	// Kept, so that Serve makes no closure for each call.
	source func() []byte
	step   func(n int, err error) bool
	next   next
}

// next is what a lane does next.
type next uint8

const (
	hangUp    next = iota
	readOn         // more bytes are wanted
	serveHere      // the request reads from the connection itself, and so outside of netio.Conn.Serve
	passUp         // fasthttp answers the request
)

// localState says how far fasthttp is with a request for an endpoint.
type localState uint8

const (
	noLocal  localState = iota
	passed              // given to fasthttp, and its handler was not called yet
	answered            // the handler has returned
)

func newLane(s *Server, nc net.Conn) *lane {
	l := &lane{s: s, nc: netio.New(nc)}
	_, l.secure = nc.(*tls.Conn)
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		l.remote = a.AddrPort().Addr().Unmap()
	}
	l.source, l.step = l.buffer, l.received
	return l
}

// Read serves requests until there is one for fasthttp, and then returns its
// bytes.
func (l *lane) Read(p []byte) (int, error) {
	if len(l.pending) == 0 {
		if l.local == passed {
			// fasthttp wants more than the request has: it reads it in another way
			// than it was written. There must not be an answer to that.
			l.s.log.Error("BUG: fasthttp reads more of a request than there is")
			return 0, io.EOF
		}
		if !l.serve() {
			return 0, io.EOF
		}
	}
	n := copy(p, l.pending)
	l.pending = l.pending[n:]
	return n, nil
}

// Write writes an answer of fasthttp's.
func (l *lane) Write(p []byte) (int, error) {
	if l.local != answered {
		return 0, net.ErrClosed // an answer to something that is not ours to answer
	}
	if err := l.write(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close ends the lane, or asks its owner to, once the request under way has
// been answered.
func (l *lane) Close() error {
	if l.reading.Load() {
		if !l.busy.Load() {
			l.nc.KickRead()
		}
		return nil
	}
	l.once.Do(func() {
		if l.local != noLocal {
			l.endLocal()
		}
		if l.lingers {
			l.linger()
		}
		l.release()
		if l.started {
			l.s.watch.Remove(l.nc)
		}
		l.nc.Close()
		l.s.dismiss(l)
	})
	return nil
}

func (l *lane) LocalAddr() net.Addr  { return l.nc.LocalAddr() }
func (l *lane) RemoteAddr() net.Addr { return l.nc.RemoteAddr() }

// fasthttp's deadlines are not used: the lane has its own, which are cheaper.
func (l *lane) SetDeadline(time.Time) error      { return nil }
func (l *lane) SetReadDeadline(time.Time) error  { return nil }
func (l *lane) SetWriteDeadline(time.Time) error { return nil }

// serve serves what is forwarded. It reports whether there is a request for
// fasthttp; otherwise the connection is done with.
func (l *lane) serve() (up bool) {
	l.reading.Store(true)
	defer l.reading.Store(false)
	defer l.recover()
	if !l.started && !l.start() {
		return false
	}
	if l.local == answered {
		if !l.endLocal() {
			return false
		}
	}
	for {
		l.next = l.advance()
		if l.next == readOn {
			l.next = hangUp
			if err := l.nc.Serve(l.source, l.step); err != nil {
				l.lost(err)
				l.next = hangUp // whatever the last step has wanted
			}
		}
		if l.next == serveHere {
			l.next = l.handle()
		}
		switch l.next {
		case hangUp:
			return false
		case passUp:
			return true
		}
	}
}

// start begins the connection: with the handshake, where there is one.
func (l *lane) start() bool {
	set := l.s.settings.Load()
	if t, ok := l.nc.Conn.(*tls.Conn); ok {
		t.SetDeadline(time.Now().Add(set.Head))
		if t.Handshake() != nil {
			return false
		}
		t.SetDeadline(time.Time{})
	}
	l.started = true
	l.s.watch.Add(l.nc)
	l.idle()
	return true
}

// recover keeps a bug in serving one connection from ending all others.
func (l *lane) recover() {
	if r := recover(); r != nil {
		l.s.log.Error("BUG: panic while serving a connection", "panic", r, "stack", string(debug.Stack()))
		l.x.abandon()
		l.mem, l.lingers = nil, false
	}
}

// buffer is where the next bytes of the connection go. What waits for a request
// on TLS, where reading takes a buffer before there is anything to read, waits
// with a single byte.
func (l *lane) buffer() []byte {
	if l.mem == nil {
		if l.secure {
			return l.first[:]
		}
		l.mem = l.s.memories.get(l.s.settings.Load().Heads)
	}
	return l.mem.in[l.mem.end:]
}

// received takes n bytes that were read. It reports whether more are wanted;
// otherwise next says what is to be done.
func (l *lane) received(n int, err error) bool {
	if err != nil {
		l.lost(err)
		l.next = hangUp
		return false
	}
	if n == 0 {
		if l.mem != nil && l.mem.end == 0 {
			l.release()
		}
		return true
	}
	if l.mem == nil {
		l.mem = l.s.memories.get(l.s.settings.Load().Heads)
		l.mem.in[0] = l.first[0]
	}
	l.mem.end += n
	l.next = l.advance()
	return l.next == readOn
}

// advance handles the requests that the buffer holds, as far as it can.
func (l *lane) advance() next {
	for {
		m := l.mem
		if m == nil || m.start == m.end {
			l.release()
			l.idle()
			if l.s.draining.Load() {
				return hangUp
			}
			return readOn
		}
		if l.headSize == 0 {
			n, err := m.req.Parse(m.in[m.start:m.end], l.scanned, m.lim)
			if err != nil {
				l.turnAway(refusal(err), err)
				return hangUp
			}
			if n == 0 {
				l.waitForHead()
				return readOn
			}
			l.headSize = n
		}
		r := &m.req
		size := r.ContentLength
		switch {
		case r.Chunked || len(r.Expect) > 0 || len(r.Upgrade) > 0 || int64(l.headSize)+size > int64(len(m.in)):
			l.begin()
			return serveHere
		case int64(m.start+l.headSize)+size > int64(m.end):
			if l.waitForBody(int(size)) {
				return readOn
			}
			continue // the head has moved, and is read again
		}
		l.begin()
		if n := l.handle(); n != readOn {
			return n
		}
	}
}

// waitForHead makes room for the rest of a head.
func (l *lane) waitForHead() {
	m := l.mem
	if !l.busy.Load() {
		l.busy.Store(true)
		l.nc.ExpireRead(l.s.watch.Now() + l.s.settings.Load().Head.Milliseconds())
	}
	m.moveToFront()
	l.scanned = m.end
}

// waitForBody waits for the rest of a body that fits the buffer, behind its
// head. It reports false where the head had to be moved for that: then it has to
// be read again, since everything made of it views the old place.
func (l *lane) waitForBody(size int) bool {
	m := l.mem
	l.busy.Store(true)
	if m.start+l.headSize+size > len(m.in) {
		m.moveToFront()
		l.headSize, l.scanned = 0, 0
		return false
	}
	if !l.bodyDue {
		l.bodyDue = true
		l.nc.ExpireRead(l.s.watch.Now() + l.s.settings.Load().Body.Milliseconds())
	}
	return true
}

func (m *memory) moveToFront() {
	if m.start > 0 {
		copy(m.in, m.in[m.start:m.end])
		m.start, m.end = 0, m.end-m.start
	}
}

// begin is called once as much of a request is here as it takes to handle it.
func (l *lane) begin() {
	m := l.mem
	l.busy.Store(true)
	l.scanned, l.bodyDue = 0, false
	m.complete()
	l.nc.ExpireRead(0)
	l.closing = m.req.Close || l.s.stopping.Load()
	m.start += l.headSize
	l.headSize = 0
}

// idle is called when nothing of a request is there.
func (l *lane) idle() {
	l.scanned, l.headSize, l.bodyDue = 0, 0, false
	l.busy.Store(false)
	l.nc.ExpireRead(l.s.watch.Now() + l.s.settings.Load().Idle.Milliseconds())
}

// release gives the memory of a request back.
func (l *lane) release() {
	if l.mem != nil {
		l.s.memories.put(l.mem)
		l.mem = nil
	}
}

// lost is called when nothing more can be read. A client that was too slow is
// told so.
func (l *lane) lost(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) && l.mem != nil && l.mem.end > l.mem.start {
		l.nc.Revive(l.s.soon())
		l.turnAway(tooSlow, nil)
	}
}

// turnAway answers what cannot be handled at all, and ends the connection.
func (l *lane) turnAway(o Outcome, why error) {
	l.closing = true
	n := newID()
	r := reply{outcome: o, requestID: string(n[:]), close: true}
	l.s.metrics.refused(o)
	l.s.logUnread(l, o, n, why)
	l.lingers = l.write(r.appendBody(r.appendHead(l.mem.back[:0]))) == nil
}

// write writes p to the client, which has a bounded time to take it.
func (l *lane) write(p []byte) error {
	l.nc.ExpireWrite(l.s.watch.Now() + l.s.settings.Load().Write.Milliseconds())
	n, err := l.nc.Write(p)
	l.x.sent += int64(n)
	l.nc.ExpireWrite(0)
	return err
}

// Bounds of linger.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 2 << 20
)

// linger reads on for a moment after a last answer: to close a socket with
// bytes unread would reset the connection, and the answer might be lost with it
// (RFC 9112, section 9.6). It must not be called within netio.Conn.Serve.
func (l *lane) linger() {
	half, ok := l.nc.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	l.nc.Revive(time.Now().Add(lingerTime))
	if l.mem == nil {
		l.mem = l.s.memories.get(l.s.settings.Load().Heads)
	}
	for n := 0; n < lingerBytes; {
		m, err := l.nc.Read(l.mem.in)
		if err != nil {
			return
		}
		n += m
	}
}
