package edge

import "testing"

func TestGate(t *testing.T) {
	var g gate
	for i, c := range []struct {
		most int
		want bool
	}{{2, true}, {2, true}, {2, false}, {3, true}, {2, false}} {
		if got := g.enter(c.most); got != c.want {
			t.Errorf("entry %d of %d: %v", i, c.most, got)
		}
	}
	for range 2 {
		g.leave()
	}
	if !g.enter(2) {
		t.Error("room, and not let in")
	}
}
