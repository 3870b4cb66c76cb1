package gateway

import (
	"sync"

	"github.com/tollgate/tollgate/gateway/internal/wire"
)

// upSize is how much of an answer is read at once, and the bound of its head.
const upSize = 32 << 10

// A scratch is the memory of a request under way. A connection has one from
// the first byte of a request to the last of its answer, so that idle
// connections cost little.
type scratch struct {
	lim        wire.Limits // of the request heads that in holds
	in         []byte      // read from the client: in[start:end] is not used up
	start, end int
	up         []byte // read from the upstream
	out        []byte // to be written to the upstream
	back       []byte // to be written to the client
	req        wire.Request
	resp       wire.Response
	chunks     wire.Chunks
}

// keep bounds what a scratch may have grown to and still be kept.
const keep = 128 << 10

type scratches struct{ pool sync.Pool }

// get returns a scratch for heads within lim. One of another size, from before
// a reload, is let go.
func (p *scratches) get(lim wire.Limits) *scratch {
	if s, ok := p.pool.Get().(*scratch); ok && len(s.in) == lim.Head {
		s.start, s.end, s.lim = 0, 0, lim
		return s
	}
	return &scratch{lim: lim, in: make([]byte, lim.Head)}
}

// complete makes the memory that a request takes once its head is there. One
// that comes slowly, or never, should cost no more than its head.
func (s *scratch) complete() {
	if s.up == nil {
		s.up = make([]byte, upSize)
		s.out = make([]byte, 0, 2<<10)
		s.back = make([]byte, 0, 4<<10)
	}
}

func (p *scratches) put(s *scratch) {
	if cap(s.out)+cap(s.back) <= keep {
		p.pool.Put(s)
	}
}
