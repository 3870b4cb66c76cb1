package revocation

import (
	"sync"
	"time"
)

// A Clock says what time it is at least, for code that forgets what has expired.
// The machine's clock may be set ahead by mistake, and back again: what was
// forgotten in between would be valid once more. A Clock is never ahead of what
// the machine's clock has said within the last day, carried on by the monotonic
// clock, so a jump ahead counts only after it has held for one day to two. The
// zero value is ready for use. A Clock is safe for concurrent use.
type Clock struct {
	// Wall is the machine's clock, time.Now if nil. Elapsed never goes back and is
	// not set; it is the time since the first use of the Clock if nil.
	Wall    func() time.Time
	Elapsed func() time.Duration

	mu      sync.Mutex
	started bool
	begin   time.Time // of Elapsed, where that is ours
	// An offset is what Wall says less Elapsed. A period lasts clockPeriod.
	last    time.Duration // the offset at the last reading
	least   time.Duration // the least offset of the present period
	before  time.Duration // the least offset of the period before it
	turn    time.Duration // when, by Elapsed, the present period ends
	setBack uint64
}

const (
	clockPeriod = 24 * time.Hour // longer than an access token of ours may live
	clockJitter = time.Second    // offsets differ by less than this unless a clock was set
)

// Now is the time in Unix seconds.
func (c *Clock) Now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	elapsed := c.read()
	return int64((elapsed + min(c.least, c.before)) / time.Second)
}

// SetBack is how often the machine's clock was seen to be set back. What was left
// out as expired while it was ahead may be needed after that.
func (c *Clock) SetBack() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read()
	return c.setBack
}

// read takes note of the present offset, and returns the time elapsed. The caller
// holds the lock.
func (c *Clock) read() (elapsed time.Duration) {
	wall := time.Now()
	if c.Elapsed != nil {
		elapsed = c.Elapsed()
	} else {
		if !c.started {
			c.begin = wall
		}
		elapsed = wall.Sub(c.begin)
	}
	if c.Wall != nil {
		wall = c.Wall()
	}
	offset := time.Duration(wall.UnixNano()) - elapsed
	switch {
	case !c.started:
		c.started, c.least, c.before, c.turn = true, offset, offset, elapsed+clockPeriod
	case elapsed >= c.turn:
		c.before, c.least, c.turn = c.least, offset, elapsed+clockPeriod
	}
	if c.last-offset >= clockJitter && c.last != 0 {
		c.setBack++
	}
	c.last, c.least = offset, min(c.least, offset)
	return elapsed
}
