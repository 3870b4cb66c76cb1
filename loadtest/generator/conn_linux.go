package generator

import (
	"time"

	"github.com/tollgate/tollgate/loadtest/poll"
)

// conn is one connection of a thread, with at most one request under way.
type conn struct {
	link
	key     int32
	out, in []byte // the request; bytes of the answer not yet used
	held    int    // how many of in
	answer  answer

	busy           bool
	watched        bool // for writing
	intended, sent time.Duration
}

// readSize holds the answers the laboratory asks for in one read.
const readSize = 16 << 10

// adopt takes a connection into the set and sends what waits.
func (t *thread) adopt(l link) error {
	c := &conn{link: l, in: make([]byte, readSize)}
	c.key = int32(len(t.conns))
	for i, old := range t.conns {
		if old == nil {
			c.key = int32(i)
			break
		}
	}
	if int(c.key) == len(t.conns) {
		t.conns = append(t.conns, nil)
	}
	t.conns[c.key] = c
	if err := t.poller.Add(l.sock.fd, c.key); err != nil {
		return err
	}
	t.release(c, t.poller.Now())
	return nil
}

// release gives a connection that is free its next work.
func (t *thread) release(c *conn, now time.Duration) {
	switch {
	case t.arrivals == nil && now < t.end:
		t.send(c, now, now, now)
	case t.waiting.len() > 0:
		intended, could := t.waiting.pop(), now
		if t.open()+1 < t.cfg.MaxConnections { // beside c; another should have been there
			could = intended
		}
		t.send(c, intended, could, now)
	default:
		t.idle.push(c)
	}
}

// send starts a request on a free connection; could is when it could have been
// sent.
func (t *thread) send(c *conn, intended, could, now time.Duration) {
	c.busy, c.intended, c.sent = true, intended, now
	t.busy++
	t.res.Sent++
	if t.arrivals != nil && t.inWindow(intended) {
		t.res.Lateness.RecordValue(int64(now - could))
	}
	c.answer.reset()
	c.out = t.requests.AppendNext(c.out[:0])
	if _, err := c.stream.Write(c.out); err != nil {
		t.broken(c)
		return
	}
	t.watch(c)
}

// watch asks to be told when the kernel takes more, while there is more.
func (t *thread) watch(c *conn) {
	if want := len(c.sock.unsent) > 0; want != c.watched {
		c.watched = want
		t.poller.Watch(c.sock.fd, c.key, true, want)
	}
}

func (t *thread) handle(ev poll.Event) error {
	if ev.Key == dialerKey {
		for _, l := range t.dialer.take() {
			t.pending--
			if err := t.adopt(l); err != nil {
				return err
			}
		}
		return nil
	}
	c := t.conns[ev.Key]
	if c == nil { // given up earlier in this batch
		return nil
	}
	if ev.Writeable && len(c.sock.unsent) > 0 {
		if err := c.sock.flush(); err != nil {
			t.broken(c)
			return nil
		}
		t.watch(c)
	}
	if ev.Readable {
		t.read(c)
	}
	return nil
}

// read takes what has arrived. A plain socket is read once (the poller is
// level-triggered and will say if there is more); a TLS connection may hold
// records of its own and is read until it has none.
func (t *thread) read(c *conn) {
	for {
		if c.held == len(c.in) { // a head longer than the buffer
			c.in = append(c.in, make([]byte, len(c.in))...)
		}
		n, err := c.stream.Read(c.in[c.held:])
		if err == errAgain {
			return
		}
		c.held += n
		if !c.busy { // closed while idle, or bytes nobody asked for
			t.replace(c)
			return
		}
		used, bad := c.answer.feed(c.in[:c.held])
		c.held = copy(c.in, c.in[used:c.held])
		done := c.answer.state == complete || err != nil && c.answer.eof()
		switch {
		case bad != nil || err != nil && !done || done && c.held > 0:
			t.broken(c)
			return
		case done:
			t.answered(c, err != nil)
			return
		case c.stream == c.sock:
			return
		}
	}
}

// answered records a complete answer.
func (t *thread) answered(c *conn, closed bool) {
	now := t.poller.Now()
	status := c.answer.status
	good := status == t.cfg.Expect
	if good {
		t.res.OK++
		t.cfg.Live.record(now - c.intended)
		if t.inWindow(now) {
			t.res.Completed++
		}
	} else {
		t.res.Status[status]++
		t.cfg.Live.errors.Add(1)
	}
	if t.inWindow(c.intended) {
		if good {
			t.res.Response.RecordValue(int64(now - c.intended))
			t.res.Service.RecordValue(int64(now - c.sent))
		}
		if b := t.bucket(c.intended); b != nil && good {
			b.OK++
			b.Sum += now - c.intended
			b.Max = max(b.Max, now-c.intended)
		} else if b != nil {
			b.Refused++
		}
	}
	if closed || c.answer.close {
		t.replace(c)
		return
	}
	c.busy = false
	t.busy--
	t.release(c, now)
}

// broken counts the request under way as failed and replaces the connection.
func (t *thread) broken(c *conn) {
	t.res.Broken++
	t.cfg.Live.errors.Add(1)
	if b := t.brokenBucket(c); b != nil {
		b.Failed++
	}
	t.replace(c)
}

func (t *thread) brokenBucket(c *conn) *Bucket {
	if !t.inWindow(c.intended) {
		return nil
	}
	return t.bucket(c.intended)
}

// replace closes a connection and asks for another.
func (t *thread) replace(c *conn) {
	if c.busy {
		t.busy--
	} else {
		t.idle.remove(c)
	}
	c.sock.Close()
	t.conns[c.key] = nil
	t.res.Reconnects++
	t.pending++
	t.dialer.wanted <- struct{}{}
}
