package poll

import (
	"errors"
	"runtime"
)

// ErrUnsupported is why a system other than Linux can read reports but not
// record them.
var ErrUnsupported = errors.New("load can be generated on Linux only: it needs epoll and timerfd, and this is " + runtime.GOOS)
