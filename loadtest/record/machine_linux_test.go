package record

import "testing"

func TestField(t *testing.T) {
	if got := field([]byte("a: 1\nmodel name\t: X Y\n"), "model name"); got != "X Y" {
		t.Errorf("field: %q", got)
	}
}
