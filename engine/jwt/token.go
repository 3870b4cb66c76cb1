package jwt

import "bytes"

// MaxSize bounds the tokens that are looked at. A caller that wants a lower bound
// compares before it calls.
const MaxSize = 32 << 10

// A Token is a compact JWS taken apart. Its fields are what a stranger wrote
// until Signature was found to be that of Signed under a trusted key.
type Token struct {
	Header
	Signed    []byte // header and payload as received: what the signature covers
	Payload   []byte // decoded, not yet looked at
	Signature []byte // decoded

	raw        []byte // all of it, as received
	encoded    []byte // the header, as received
	recognised bool
	memory     []byte // of Payload and Signature
	names      []string
	scanner    scanner
	payload    payload
}

// Parse takes token apart into a Token of its own.
func Parse(token []byte) (*Token, error) {
	t := new(Token)
	if err := t.Parse(token, nil); err != nil {
		return nil, err
	}
	return t, nil
}

// Parse takes token apart, reusing t's memory. Headers that known recognises
// are not decoded; known may be nil.
func (t *Token) Parse(token []byte, known *Headers) error {
	if len(token) > MaxSize {
		return errSize
	}
	first := bytes.IndexByte(token, '.')
	if first < 0 {
		return errParts
	}
	second := bytes.IndexByte(token[first+1:], '.')
	if second < 0 {
		return errParts
	}
	second += first + 1
	if bytes.IndexByte(token[second+1:], '.') >= 0 {
		return errParts
	}
	t.raw, t.encoded, t.Signed = token, token[:first], token[:second]
	t.payload.scanned = false
	t.recognised = false
	if known != nil {
		t.Header, t.recognised = known.lookup(t.encoded)
	}
	if !t.recognised {
		b, ok := decode(t.memory[:0], t.encoded)
		t.memory = b
		if !ok {
			return errBase64
		}
		var err error
		if t.Header, err = parseHeader(&t.scanner, b); err != nil {
			return err
		}
	}
	b, ok := decode(t.memory[:0], token[first+1:second])
	n := len(b)
	b, ok2 := decode(b, token[second+1:])
	t.memory = b
	if !ok || !ok2 {
		return errBase64
	}
	t.Payload, t.Signature = b[:n:n], b[n:]
	return nil
}

// Release lets go of the bytes that were parsed, and keeps t's own memory for
// the next Parse.
func (t *Token) Release() {
	t.Header = Header{}
	t.raw, t.Signed, t.encoded, t.Payload, t.Signature = nil, nil, nil, nil, nil
	clear(t.names)
	t.scanner.reset(nil)
}
