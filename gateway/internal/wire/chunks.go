package wire

import "bytes"

// Limits of the chunked coding: a size of 16 hexadecimal digits fits a uint64,
// of 15 an int64; extensions are read over and never forwarded.
const (
	maxSizeDigits = 15
	maxExtension  = 256
	maxTrailer    = 4096
	maxTrailers   = 32
)

// Chunks decodes a chunked body (RFC 9112, section 7.1) piece by piece.
type Chunks struct {
	state   chunkState
	left    int64 // of the chunk at hand
	digits  int
	ext     int
	trailer []byte
	fields  Fields
}

type chunkState uint8

const (
	inSize chunkState = iota
	inExtension
	afterSize // the size line's CR is read
	inData
	afterData   // the chunk's data is read, CR is due
	afterDataCR // LF is due
	inTrailer
	isDone
)

// Done reports whether the body, its trailers included, is complete.
func (c *Chunks) Done() bool { return c.state == isDone }

// Reset prepares c for the next body.
func (c *Chunks) Reset() { *c = Chunks{trailer: c.trailer[:0], fields: c.fields} }

// Trailers are the trailer fields once the body is done.
func (c *Chunks) Trailers() *Fields { return &c.fields }

// Next reads from p and returns how many bytes it has used and which of them
// are data: at most one piece a call. It wants more bytes where it has used
// all and returned no data.
func (c *Chunks) Next(p []byte) (used int, data []byte, err error) {
	for used < len(p) && c.state != isDone {
		if c.state == inData {
			n := int(min(c.left, int64(len(p)-used)))
			data = p[used : used+n]
			if c.left -= int64(n); c.left == 0 {
				c.state = afterData
			}
			return used + n, data, nil
		}
		if c.state == inTrailer {
			n, err := c.readTrailer(p[used:])
			return used + n, nil, err
		}
		if !c.step(p[used]) {
			return used, nil, ErrChunk
		}
		used++
	}
	return used, nil, nil
}

// step takes one byte of framing.
func (c *Chunks) step(b byte) bool {
	switch c.state {
	case inSize:
		switch {
		case class[b]&isHexDig != 0:
			c.digits++
			c.left = c.left<<4 | int64(unhex(b))
			return c.digits <= maxSizeDigits
		case c.digits == 0:
			return false
		case b == ';':
			c.state = inExtension
			return true
		}
		c.state = afterSize
		return b == '\r'
	case inExtension:
		c.ext++
		if b == '\r' {
			c.state = afterSize
			return true
		}
		return c.ext <= maxExtension && (b >= ' ' && b != 0x7f || b == '\t')
	case afterSize:
		c.digits, c.ext = 0, 0
		c.state = inData
		if c.left == 0 {
			c.state = inTrailer
		}
		return b == '\n'
	case afterData:
		c.state = afterDataCR
		return b == '\r'
	default:
		c.state = inSize
		return b == '\n'
	}
}

// readTrailer gathers the trailer section up to its empty line.
func (c *Chunks) readTrailer(p []byte) (int, error) {
	had := len(c.trailer)
	c.trailer = append(c.trailer, p[:min(len(p), maxTrailer+1-had)]...)
	end := 2
	if !bytes.HasPrefix(c.trailer, crlf) {
		if i := bytes.Index(c.trailer, emptyLine); i >= 0 {
			end = i + 4
		} else if len(c.trailer) > maxTrailer {
			return 0, ErrTooLarge
		} else {
			return len(c.trailer) - had, nil
		}
	}
	c.trailer = c.trailer[:end]
	c.state = isDone
	if err := c.fields.scan(c.trailer, 0, maxTrailers); err != nil {
		return 0, err
	}
	for i := range c.fields.List {
		if !c.fields.List[i].Name.nominable() {
			return 0, ErrNominated
		}
	}
	return end - had, nil
}

// AppendChunk adds data as one chunk. An empty one would end the body, and is
// left out.
func AppendChunk(dst, data []byte) []byte {
	if len(data) == 0 {
		return dst
	}
	dst = AppendHex(dst, uint64(len(data)))
	dst = append(dst, "\r\n"...)
	dst = append(dst, data...)
	return append(dst, "\r\n"...)
}

// AppendLast adds the last chunk and the trailer fields that may travel.
func AppendLast(dst []byte, trailers *Fields) []byte {
	dst = append(dst, "0\r\n"...)
	dst = trailers.Append(dst)
	return append(dst, "\r\n"...)
}

// AppendHex adds n in lower-case hexadecimal digits.
func AppendHex(dst []byte, n uint64) []byte {
	var digits [16]byte
	i := len(digits)
	for {
		i--
		digits[i] = "0123456789abcdef"[n&15]
		if n >>= 4; n == 0 {
			return append(dst, digits[i:]...)
		}
	}
}
