package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A generator keeps connections to one gateway.
type generator struct {
	conns []net.Conn
	next  atomic.Int64
}

func dial(addr string, n int) (*generator, error) {
	g := &generator{}
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return nil, err
		}
		g.conns = append(g.conns, c)
	}
	return g, nil
}

func (g *generator) close() {
	for _, c := range g.conns {
		c.Close()
	}
}

var errShort = errors.New("answer is not the upstream's")

// run sends requests for a time, rate a second over all connections, and
// returns how many were answered. Anything but the upstream's 200 is an error.
func (g *generator) run(requests [][]byte, rate int, d time.Duration) (int64, error) {
	var answered atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	start := time.Now()
	for i, c := range g.conns {
		wg.Go(func() {
			buf := make([]byte, 16<<10)
			for n := 0; ; n++ {
				if rate > 0 {
					due := start.Add(time.Duration(n*len(g.conns)+i) * time.Second / time.Duration(rate))
					time.Sleep(time.Until(due))
				}
				if time.Since(start) >= d {
					return
				}
				req := requests[int(g.next.Add(1))%len(requests)]
				if err := roundTrip(c, req, buf); err != nil {
					failed.Store(&err)
					return
				}
				answered.Add(1)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return answered.Load(), nil
}

var (
	headEnd = []byte("\r\n\r\n")
	length  = []byte("\r\nContent-Length: ")
)

func roundTrip(c net.Conn, req, buf []byte) error {
	if _, err := c.Write(req); err != nil {
		return err
	}
	have, want := 0, -1
	for want < 0 || have < want {
		n, err := c.Read(buf[have:])
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		have += n
		if end := bytes.Index(buf[:have], headEnd); want < 0 && end >= 0 {
			i := bytes.Index(buf[:end+2], length)
			if i < 0 {
				i = bytes.Index(buf[:end+2], bytes.ToLower(length))
			}
			if i < 0 || !bytes.HasPrefix(buf, []byte("HTTP/1.1 200")) {
				return fmt.Errorf("%w: %.200s", errShort, buf[:have])
			}
			value, _, _ := bytes.Cut(buf[i+len(length):have], []byte("\r"))
			l, err := strconv.Atoi(string(value))
			if err != nil {
				return err
			}
			want = end + 4 + l
		}
	}
	if have-bytes.Index(buf[:have], headEnd)-4 != answerSize {
		return errShort
	}
	return nil
}

// cpu is the CPU time a process has used: its CPU clock, which any process may
// read (clock_getcpuclockid(3)).
func cpu(pid int) (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}
