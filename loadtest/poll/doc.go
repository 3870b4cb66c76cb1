// Package poll waits for sockets and for moments, to the microsecond.
//
// Go's own timers are served by a poller that rounds to a millisecond, more
// than the effects this laboratory studies. A Poller is one Linux epoll set with
// a timerfd in it, used by one locked thread: it sleeps in the kernel until a
// socket is ready or until shortly before a deadline, and spins for the rest.
// (epoll_pwait2 would save the arming call, but golang.org/x/sys does not wrap
// it, a raw call would need package unsafe, and its timeout is subject to the
// thread's timer slack of 50 µs, which a timerfd is not.)
//
// Other systems than Linux build, and New tells them why it cannot work.
package poll
