package gateway

import "sync/atomic"

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
