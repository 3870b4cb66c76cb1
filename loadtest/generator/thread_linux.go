package generator

import (
	"time"

	"github.com/tollgate/tollgate/loadtest/poll"
	"github.com/tollgate/tollgate/loadtest/schedule"
)

// thread is one loop: its poller, its connections, its part of the schedule.
type thread struct {
	cfg      *Config
	poller   *poll.Poller
	dialer   *dialer
	requests Requests
	arrivals schedule.Arrivals // nil: closed loop

	conns   []*conn // by key; nil where one was given up
	idle    fifo[*conn]
	waiting fifo[time.Duration] // intended moments that found no connection
	pending int                 // connections asked of the dialer
	busy    int

	next, end time.Duration // of the schedule
	lead      lead          // of the moments it is woken for
	tick      time.Duration // when to look for timeouts
	stop      func() bool
	res       Result
}

const dialerKey = -1

// tickEvery bounds how late a timeout is noticed.
const tickEvery = 10 * time.Millisecond

// loop runs until the schedule is over and every request has its answer or has
// been given up.
func (t *thread) loop() error {
	t.end = t.cfg.Warmup + t.cfg.Duration
	if t.arrivals != nil {
		t.arrive(t.poller.Now())
	} else {
		for t.idle.len() > 0 {
			now := t.poller.Now()
			t.send(t.idle.pop(), now, now, now)
		}
	}
	for !t.done() {
		events, err := t.wait()
		if err != nil {
			return err
		}
		for _, ev := range events {
			if err := t.handle(ev); err != nil {
				return err
			}
			t.arrive(t.poller.Now())
		}
		now := t.poller.Now()
		t.arrive(now)
		if now >= t.tick {
			t.tick = now + tickEvery
			t.giveUp(now)
			if t.stop() {
				t.end = min(t.end, now)
			}
		}
	}
	t.res.Elapsed = t.poller.Now()
	return nil
}

// done says whether nothing is left to be sent or answered.
func (t *thread) done() bool {
	over := t.poller.Now() >= t.end
	if t.arrivals != nil {
		over = over && t.next >= t.end
	}
	return over && t.busy == 0 && t.waiting.len() == 0
}

// wait sleeps until shortly before the next intended moment, then spins. After
// the last one only the tick matters.
func (t *thread) wait() ([]poll.Event, error) {
	if t.arrivals == nil || t.next >= t.end {
		return t.poller.Wait(t.tick)
	}
	until := min(t.next-time.Duration(t.lead)-t.cfg.Spin, t.tick)
	if until <= t.poller.Now() {
		return t.poller.Poll()
	}
	events, err := t.poller.Wait(until)
	if delay := t.poller.Now() - until; delay >= 0 && len(events) == 0 {
		t.lead.learn(delay) // nothing but the timer woke it
	}
	return events, err
}

// arrive sends, or queues, whatever is due.
func (t *thread) arrive(now time.Duration) {
	if t.arrivals == nil {
		return
	}
	for t.next <= now && t.next < t.end {
		if t.next >= t.cfg.Warmup {
			t.res.Offered++
		}
		if t.idle.len() > 0 {
			t.send(t.idle.pop(), t.next, t.next, now)
			now = t.poller.Now()
		} else {
			t.waiting.push(t.next)
			t.want()
		}
		t.next = t.arrivals.Next()
	}
}

// want asks for another connection unless as many as requests wait, or as many
// as there may be, are on their way.
func (t *thread) want() {
	if t.pending < t.waiting.len() && t.open() < t.cfg.MaxConnections {
		t.res.Opened++
		t.pending++
		t.dialer.wanted <- struct{}{}
	}
}

// open is how many connections there are or will be, one just released aside.
func (t *thread) open() int { return t.busy + t.idle.len() + t.pending }

// giveUp counts what has waited for longer than the timeout as failed.
func (t *thread) giveUp(now time.Duration) {
	for t.waiting.len() > 0 && now-t.waiting.peek() > t.cfg.Timeout {
		t.timedOut(t.waiting.pop(), now)
	}
	for _, c := range t.conns {
		if c != nil && c.busy && now-c.sent > t.cfg.Timeout {
			t.timedOut(c.intended, now)
			t.replace(c)
		}
	}
}

func (t *thread) timedOut(intended, now time.Duration) {
	t.res.Timeouts++
	t.cfg.Live.errors.Add(1)
	if t.inWindow(intended) {
		t.res.Response.RecordValue(int64(now - intended))
		if b := t.bucket(intended); b != nil {
			b.Failed++
		}
	}
}

func (t *thread) inWindow(at time.Duration) bool {
	return at >= t.cfg.Warmup && at < t.cfg.Warmup+t.cfg.Duration
}

// bucket returns the bucket of the timeline for an intended moment in the window.
func (t *thread) bucket(intended time.Duration) *Bucket {
	if t.cfg.Timeline == 0 {
		return nil
	}
	return &t.res.Timeline[(intended-t.cfg.Warmup)/t.cfg.Timeline]
}
