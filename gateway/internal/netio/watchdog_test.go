package netio

import "testing"

// Connections that were opened together do not all expire in one go.
func TestRounds(t *testing.T) {
	w := NewWatchdog()
	defer w.Stop()
	conns := make([]*Conn, 3*rounds)
	for i := range conns {
		conns[i] = &Conn{}
		w.Add(conns[i])
	}
	for i := range w.rounds {
		r := &w.rounds[i]
		r.mu.Lock()
		if len(r.conns) != 3 {
			t.Errorf("%d of %d connections in round %d", len(r.conns), len(conns), i)
		}
		r.mu.Unlock()
	}
	for _, c := range conns {
		w.Remove(c)
	}
	for i := range w.rounds {
		if n := len(w.rounds[i].conns); n != 0 {
			t.Errorf("%d connections left in round %d", n, i)
		}
	}
}
