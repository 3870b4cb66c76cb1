package quad

import (
	"os"
	"regexp"
	"testing"
)

// The generator takes the upper sixteen registers where the lower do not
// suffice, which AVX2 does not have, and says nothing.
func TestRegistersOfAVX2(t *testing.T) {
	text, err := os.ReadFile("point_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`\bY13\b`).Match(text) {
		t.Error("Y13 is not used: is this how registers are written?")
	}
	for _, line := range regexp.MustCompile(`(?m)^.*\b(Z\d+|[XY](1[6-9]|2\d|3[01])|K\d)\b.*$`).FindAll(text, -1) {
		t.Errorf("of AVX-512: %s", line)
	}
}
