package wire

import (
	"bytes"

	"github.com/tollgate/tollgate/gateway/policy"
)

// Limits bound a request head.
type Limits struct {
	Head   int // bytes of the head, the empty line included
	Target int // bytes of the target
	Fields int // field lines
}

// A Request is a request head that obeys every rule of this package.
type Request struct {
	Fields
	Raw    []byte // the whole head
	Method []byte
	Target []byte // in origin-form, or "*": what is forwarded
	Path   []byte // of Target, percent-decoded but for %2f: what routes are matched with
	Host   []byte // empty only in HTTP/1.0
	Minor  int    // of HTTP/1.x

	// Needs is what a route has to allow before the request may go to it.
	Needs policy.Leniency

	ContentLength int64 // -1 where absent
	Chunked       bool
	Close         bool // the client asked for the connection to end, or is HTTP/1.0 without keep-alive
	Expect        []byte
	Upgrade       []byte // of the Upgrade field, where Connection names it
	Trailers      bool   // TE: trailers

	// The first field of each known name, as an index into List plus one.
	first [numNames]uint8

	decoded   []byte
	upgrade   bool
	keepAlive bool
}

// Body reports whether a body follows the head.
func (r *Request) Body() bool { return r.Chunked || r.ContentLength > 0 }

// Value is the value of the first field with a known name, or nil.
func (r *Request) Value(n Name) []byte {
	if i := r.first[n]; i > 0 {
		return r.List[i-1].Value
	}
	return nil
}

// Has reports whether a field with a known name is there.
func (r *Request) Has(n Name) bool { return r.first[n] > 0 }

// Parse reads the head at the start of buf. It returns 0 and no error where
// buf does not hold all of it; seen says how many bytes earlier calls have
// looked at. The result views buf.
func (r *Request) Parse(buf []byte, seen int, lim Limits) (int, error) {
	n, err := headEnd(buf, seen, lim.Head)
	if n == 0 || err != nil {
		return 0, err
	}
	*r = Request{Fields: r.Fields, Raw: buf[:n], ContentLength: -1, decoded: r.decoded[:0]}
	at, err := r.line(buf[:n], lim)
	if err != nil {
		return 0, err
	}
	if err := r.scan(buf[:n], at, min(lim.Fields, 255)); err != nil {
		return 0, err
	}
	if err := r.interpret(); err != nil {
		return 0, err
	}
	return n, r.target()
}

var emptyLine = []byte("\r\n\r\n")

// headEnd finds the end of the head. A line feed without its carriage return
// is an error at once, rather than a wait for an end that cannot come.
func headEnd(buf []byte, seen, limit int) (int, error) {
	from := max(seen-3, 0)
	if i := bytes.Index(buf[from:], emptyLine); i >= 0 {
		if from+i+4 > limit {
			return 0, ErrTooLarge
		}
		return from + i + 4, nil
	}
	for at := from; ; {
		i := bytes.IndexByte(buf[at:], '\n')
		if i < 0 {
			break
		}
		if at += i; at == 0 || buf[at-1] != '\r' {
			return 0, ErrLineEnding
		}
		at++
	}
	if len(buf) > 0 && class[buf[0]]&isToken == 0 {
		return 0, ErrRequestLine
	}
	if len(buf) >= limit {
		return 0, ErrTooLarge
	}
	return 0, nil
}

// line reads "method target HTTP/1.x" (RFC 9112, section 3).
func (r *Request) line(head []byte, lim Limits) (int, error) {
	end := bytes.IndexByte(head, '\r')
	line := head[:end]
	if head[end+1] != '\n' || bytes.IndexByte(line, '\n') >= 0 {
		return 0, ErrLineEnding
	}
	sp := bytes.IndexByte(line, ' ')
	last := bytes.LastIndexByte(line, ' ')
	if sp <= 0 || last <= sp+1 {
		return 0, ErrRequestLine
	}
	r.Method, r.Target = line[:sp], line[sp+1:last]
	if !all(r.Method, isToken) {
		return 0, ErrRequestLine
	}
	if noProxyMethod(r.Method) {
		return 0, ErrMethod
	}
	switch version := line[last+1:]; {
	case string(version) == "HTTP/1.1":
		r.Minor = 1
	case string(version) != "HTTP/1.0":
		return 0, ErrVersion
	}
	if len(r.Target) > lim.Target {
		return 0, ErrTooLong
	}
	return end + 2, nil
}

// noProxyMethod reports whether a method asks something of a proxy itself, which
// is not served here: a tunnel to anywhere, or the request with its credentials
// back (RFC 9110, sections 9.3.6 and 9.3.8).
func noProxyMethod(m []byte) bool { return string(m) == "CONNECT" || string(m) == "TRACE" }

// interpret draws the conclusions from the fields whose names are known.
func (r *Request) interpret() error {
	for i := range r.List {
		f := &r.List[i]
		if f.Name == Other || f.Name == Alias {
			continue
		}
		again := r.first[f.Name] > 0
		if !again {
			r.first[f.Name] = uint8(i + 1)
		}
		switch f.Name {
		case Host, Authorization, APIKey, ContentLength, TransferEncoding, Expect:
			if again {
				return ErrRepeated
			}
		}
		if err := r.field(f); err != nil {
			return err
		}
	}
	if r.Chunked && r.ContentLength >= 0 {
		return ErrLength
	}
	if r.Minor == 0 && !r.keepAlive {
		r.Close = true
	}
	if r.Minor == 1 && !r.Has(Host) {
		return ErrHost
	}
	if !r.upgrade {
		r.Upgrade = nil
	}
	return nil
}

func (r *Request) field(f *Field) error {
	switch f.Name {
	case Host:
		if !validHost(f.Value) {
			return ErrHost
		}
		r.Host = f.Value
	case ContentLength:
		n, ok := decimal(f.Value)
		if !ok {
			return ErrLength
		}
		r.ContentLength = n
	case TransferEncoding:
		// HTTP/1.0 has no transfer coding: RFC 9112, section 6.1.
		if r.Minor == 0 || !equalFold(f.Value, "chunked") {
			return ErrCoding
		}
		r.Chunked = true
	case Connection:
		return r.nominate(f.Value, true, r.option)
	case TrailerName:
		return r.nominate(f.Value, true, func([]byte) {})
	case Upgrade:
		r.Upgrade = f.Value
	case Expect:
		r.Expect = f.Value
	case TE:
		return r.nominate(f.Value, false, func(m []byte) {
			r.Trailers = r.Trailers || equalFold(m, "trailers")
		})
	}
	return nil
}

// option is one member of Connection.
func (r *Request) option(m []byte) {
	switch {
	case equalFold(m, "close"):
		r.Close = true
	case equalFold(m, "keep-alive"):
		r.keepAlive = true
	case equalFold(m, "upgrade"):
		r.upgrade = true
	default:
		r.Discard(m)
	}
}

// validHost checks "host[:port]" by its characters. What more it would take
// to be a host, nobody may decide differently: it is only ever compared.
func validHost(h []byte) bool { return len(h) > 0 && len(h) <= 255+6 && all(h, isHost) }

// decimal reads 1*DIGIT of at most 18 digits, which fit an int64.
func decimal(s []byte) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
