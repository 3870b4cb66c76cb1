package engine

import (
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
)

// clockTrust is how long a reading of the wall clock is carried forward by the
// monotonic clock. A wall clock that is set is noticed that much later.
const clockTrust = 100 * time.Millisecond

// A clock is time.Now in milliseconds for about half of what that costs, since
// it reads one clock instead of two. Its zero value is ready to use, and safe to
// share.
type clock struct {
	read atomic.Pointer[time.Time]
}

// now is the time, rounded down like claims.At.
func (c *clock) now() claims.Time {
	if t := c.read.Load(); t != nil {
		if since := time.Since(*t); since < clockTrust {
			return claims.Time((t.UnixNano() + int64(since)) / 1e6)
		}
	}
	t := time.Now()
	c.read.Store(&t)
	return claims.At(t)
}
