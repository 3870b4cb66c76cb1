package jwt

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Bounds of Headers. An issuer writes one header a key and type.
const (
	maxHeaders    = 256
	maxHeaderSize = 512
)

// Headers remembers what encoded headers say, so that a header seen before is
// recognised by its exact bytes and not decoded again. That is only a memory:
// the same bytes always say the same. The zero value is ready to use, and safe
// to share.
type Headers struct {
	known atomic.Pointer[map[string]Header]
	mu    sync.Mutex
}

// lookup returns what encoded says, if that is known.
func (h *Headers) lookup(encoded []byte) (Header, bool) {
	if m := h.known.Load(); m != nil {
		header, ok := (*m)[string(encoded)]
		return header, ok
	}
	return Header{}, false
}

// Learn remembers t's header. Call it only once t's signature was verified, so
// that strangers cannot fill the memory.
func (h *Headers) Learn(t *Token) {
	if t.recognised || len(t.encoded) > maxHeaderSize {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	next := make(map[string]Header)
	if m := h.known.Load(); m != nil && len(*m) < maxHeaders {
		maps.Copy(next, *m) // a full memory starts over: old keys fill it, not current ones
	}
	next[string(t.encoded)] = t.Header
	h.known.Store(&next)
}
