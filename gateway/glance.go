package gateway

import (
	"errors"
	"os"

	"github.com/tollgate/tollgate/gateway/upstream"
)

// glance is how often a request that waits for its upstream looks whether the
// client is still there, in milliseconds. An answer that comes within it costs
// no look.
const glance = 1000

// errGone: the client has closed the connection, or its half of it. Which of
// the two, no system call tells: a close and a shutdown of writing send the
// same segment.
var errGone = errors.New("client is gone")

// hear reads what the upstream says of the head of its answer, for which it has
// up to c.until.
func (c *conn) hear(u *upstream.Conn, p []byte) (int, error) {
	for {
		u.ExpireRead(min(c.until, c.g.watch.Now()+glance))
		n, err := u.Read(p)
		switch err = c.patience(u, err); err {
		case nil:
			u.ExpireRead(0)
			return n, nil
		case errPatience:
		default:
			return 0, err
		}
	}
}

// errPatience: it is too early to give up.
var errPatience = errors.New("wait on")

// patience is what a failure to read from u comes to before the answer has
// begun: errPatience if that was the end of a glance, and nothing else.
func (c *conn) patience(u *upstream.Conn, err error) error {
	switch {
	case !errors.Is(err, os.ErrDeadlineExceeded) || c.g.watch.Now() >= c.until:
		return err
	case c.nc.Gone():
		return errGone
	}
	u.ReviveRead()
	return errPatience
}

// await reads the next piece of an answer, which may take r.pause to come.
func (c *conn) await(r *route, u *upstream.Conn, p []byte) (int, error) {
	for left := r.pause; ; left -= glance {
		u.ExpireRead(c.g.watch.Now() + min(left, glance))
		n, err := u.Read(p)
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || left <= glance || c.nc.Gone() {
			return n, err
		}
		u.ReviveRead()
	}
}
