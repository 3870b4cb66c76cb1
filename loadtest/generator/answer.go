package generator

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// What an answer can be refused for.
var (
	ErrHead        = errors.New("not an HTTP/1.1 answer")
	ErrHeadTooLong = errors.New("the head of the answer is longer than 64 KiB")
	ErrChunk       = errors.New("malformed chunk")
	ErrUnsolicited = errors.New("bytes beyond the end of the answer")
)

const maxHead = 64 << 10

// answer reads one HTTP/1.1 answer at a time out of whatever pieces arrive. It
// skips bodies: only their framing matters here.
type answer struct {
	state  state
	left   int64 // of the body, or of the chunk with its CRLF
	status int
	close  bool // the server closes afterwards
	body   int64
}

type state uint8

const (
	inHead state = iota
	inBody
	inChunkSize
	inChunk
	inTrailer
	untilClose
	complete
)

// reset makes it ready for the next answer.
func (a *answer) reset() { *a = answer{} }

// feed takes bytes in and returns how many it used. What is left over must be
// given again in front of what comes next. After a complete answer state is
// complete.
func (a *answer) feed(b []byte) (used int, err error) {
	for a.state != complete {
		n, more, err := a.step(b[used:])
		used += n
		if err != nil || more {
			return used, err
		}
	}
	return used, nil
}

// step does one part; more says that it needs bytes that are not there yet.
func (a *answer) step(b []byte) (used int, more bool, err error) {
	switch a.state {
	case inHead:
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			if len(b) > maxHead {
				return 0, false, ErrHeadTooLong
			}
			return 0, true, nil
		}
		return end + 4, false, a.head(b[:end+2])
	case inBody, inChunk:
		n := min(a.left, int64(len(b)))
		a.left -= n
		if a.left > 0 {
			return int(n), true, nil
		}
		if a.state == inBody {
			a.state = complete
		} else {
			a.state = inChunkSize
		}
		return int(n), false, nil
	case inChunkSize:
		line, n, ok := cutLine(b)
		if !ok {
			if len(b) > 4096 {
				return 0, false, ErrChunk
			}
			return 0, true, nil
		}
		if i := bytes.IndexByte(line, ';'); i >= 0 {
			line = line[:i]
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 63)
		if err != nil || size < 0 {
			return n, false, fmt.Errorf("%w: size %.20q", ErrChunk, line)
		}
		a.body += size
		a.state, a.left = inChunk, size+2
		if size == 0 {
			a.state = inTrailer
		}
		return n, false, nil
	case inTrailer:
		line, n, ok := cutLine(b)
		if !ok {
			return 0, true, nil
		}
		if len(line) == 0 {
			a.state = complete
		}
		return n, false, nil
	case untilClose:
		a.body += int64(len(b))
		return len(b), true, nil
	}
	panic("BUG: a step after the answer was complete")
}

// eof says whether the answer is complete now that the server has closed.
func (a *answer) eof() bool {
	if a.state == untilClose {
		a.state = complete
	}
	return a.state == complete
}

// head reads the status line and the two headers that frame the body
// (RFC 9112, section 6.3). Every line of b ends in CRLF.
func (a *answer) head(b []byte) error {
	line, n, _ := cutLine(b)
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return fmt.Errorf("%w: %.40q", ErrHead, line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil || status < 100 {
		return fmt.Errorf("%w: %.40q", ErrHead, line)
	}
	if status < 200 && status != 101 { // an interim answer; the final one follows
		return nil
	}
	a.status = status
	a.close = line[7] == '0'
	length, chunked := int64(-1), false
	for b = b[n:]; len(b) > 0; b = b[n:] {
		line, n, _ = cutLine(b)
		switch name, value, _ := bytes.Cut(line, []byte(":")); {
		case foldIs(name, "content-length"):
			length, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 63)
			if err != nil || length < 0 {
				return fmt.Errorf("%w: Content-Length %.20q", ErrHead, value)
			}
		case foldIs(name, "transfer-encoding"):
			chunked = foldIs(bytes.TrimSpace(value), "chunked")
		case foldIs(name, "connection"):
			a.close = foldIs(bytes.TrimSpace(value), "close")
		}
	}
	switch {
	case status == 204 || status == 304 || length == 0 && !chunked:
		a.state = complete
	case chunked:
		a.state = inChunkSize
	case length > 0:
		a.state, a.left, a.body = inBody, length, length
	default:
		a.state, a.close = untilClose, true
	}
	return nil
}

// cutLine returns the first line without its CRLF and the length with it.
func cutLine(b []byte) (line []byte, n int, ok bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return nil, 0, false
	}
	if i > 0 && b[i-1] == '\r' {
		return b[:i-1], i + 1, true
	}
	return b[:i], i + 1, true
}

// foldIs compares without regard to case; lower is in lower case.
func foldIs(b []byte, lower string) bool {
	return len(b) == len(lower) && bytes.EqualFold(b, []byte(lower))
}
