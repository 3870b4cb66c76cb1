package wire

import "bytes"

// A Response is the head of an upstream's answer.
type Response struct {
	Fields
	Status int
	Reason []byte
	Minor  int

	ContentLength int64 // -1 where absent
	Chunked       bool
	Close         bool // the upstream will not take another request on this connection
	Upgrade       []byte
	HasTrailer    bool

	upgrade   bool
	keepAlive bool
}

// Parse reads the head at the start of buf, like Request.Parse.
func (r *Response) Parse(buf []byte, seen int, lim Limits) (int, error) {
	n, err := headEnd(buf, seen, lim.Head)
	if n == 0 || err != nil {
		return 0, err
	}
	*r = Response{Fields: r.Fields, ContentLength: -1}
	at, err := r.line(buf[:n])
	if err != nil {
		return 0, err
	}
	if err := r.scan(buf[:n], at, lim.Fields); err != nil {
		return 0, err
	}
	return n, r.interpret()
}

// line reads "HTTP/1.x nnn reason" (RFC 9112, section 4).
func (r *Response) line(head []byte) (int, error) {
	end := bytes.IndexByte(head, '\r')
	line := head[:end]
	if head[end+1] != '\n' || !printable(line) {
		return 0, ErrLineEnding
	}
	if len(line) < len("HTTP/1.1 200") || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return 0, ErrStatusLine
	}
	switch line[7] {
	case '1':
		r.Minor = 1
	case '0':
	default:
		return 0, ErrVersion
	}
	status, ok := decimal(line[9:12])
	if !ok || status < 100 {
		return 0, ErrStatusLine
	}
	r.Status = int(status)
	if rest := line[12:]; len(rest) > 0 {
		if rest[0] != ' ' {
			return 0, ErrStatusLine
		}
		r.Reason = rest[1:]
	}
	return end + 2, nil
}

func (r *Response) interpret() error {
	for i := range r.List {
		switch f := &r.List[i]; f.Name {
		case ContentLength:
			n, ok := decimal(f.Value)
			if !ok || r.ContentLength >= 0 {
				return ErrLength
			}
			r.ContentLength = n
		case TransferEncoding:
			if r.Minor == 0 || r.Chunked || !equalFold(f.Value, "chunked") {
				return ErrCoding
			}
			r.Chunked = true
		case Connection:
			if err := r.nominate(f.Value, false, r.option); err != nil {
				return err
			}
		case TrailerName:
			r.HasTrailer = true
		case Upgrade:
			r.Upgrade = f.Value
		}
	}
	if r.Chunked && r.ContentLength >= 0 {
		return ErrLength
	}
	if r.Minor == 0 && !r.keepAlive {
		r.Close = true
	}
	if !r.upgrade {
		r.Upgrade = nil
	}
	return nil
}

func (r *Response) option(m []byte) {
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

// Bodiless reports whether an answer with this status to this method has no
// body, whatever its fields say (RFC 9112, section 6.3).
func (r *Response) Bodiless(method []byte) bool {
	return r.Status < 200 || r.Status == 204 || r.Status == 304 || string(method) == "HEAD"
}
