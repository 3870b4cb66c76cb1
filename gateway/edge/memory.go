package edge

import (
	"sync"
	"sync/atomic"

	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// upSize is how much of an answer is read at once, and the bound of its head.
const upSize = 32 << 10

// A memory is what a request under way needs. A lane has one from the first
// byte of a request to the last of its answer, so that idle connections cost
// little.
//
// Lifetimes: req views in[start:end], and so does everything made of it, the
// decision above all. From the moment a head was accepted until lane.endExchange
// nothing moves or overwrites these bytes. Bytes of a body, and of the request
// behind it, that are read in that time go to body.buf, and endExchange brings
// back what is left of them.
type memory struct {
	lim        wire.Limits // of the heads that in holds
	in         []byte      // read from the client: in[start:end] is not used up
	start, end int
	up         []byte // read from the upstream
	out        []byte // to be written to the upstream, or read by fasthttp
	back       []byte // to be written to the client
	req        wire.Request
	resp       wire.Response
	chunks     wire.Chunks    // of the answer
	body       body           // of the request
	asked      policy.Request // the request, as it is decided on
}

// keep bounds what a memory may have grown to and still be kept.
const keep = 128 << 10

type memories struct{ pool sync.Pool }

// get returns a memory for heads within lim. One of another size, from before a
// reload, is dropped.
func (p *memories) get(lim wire.Limits) *memory {
	if m, ok := p.pool.Get().(*memory); ok && len(m.in) == lim.Head {
		m.start, m.end, m.lim = 0, 0, lim
		return m
	}
	return &memory{lim: lim, in: make([]byte, lim.Head)}
}

// complete makes the memory that a request takes once its head is there. One
// that comes slowly, or never, should cost no more than its head.
func (m *memory) complete() {
	if m.up == nil {
		m.up = make([]byte, upSize)
		m.out = make([]byte, 0, 2<<10)
		m.back = make([]byte, 0, 4<<10)
	}
}

func (p *memories) put(m *memory) {
	if cap(m.out)+cap(m.back) <= keep {
		p.pool.Put(m)
	}
}

// A gate lets a number in at once.
type gate struct{ inside atomic.Int64 }

// enter lets the caller in, unless there are most inside already.
func (g *gate) enter(most int) bool {
	if g.inside.Add(1) > int64(most) {
		g.leave()
		return false
	}
	return true
}

func (g *gate) leave() { g.inside.Add(-1) }
