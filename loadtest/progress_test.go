package loadtest

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// What is drawn on a terminal stays on one line, however much there is to say.
func TestProgressWidth(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, true, sec)
	p.describe("modes    opaque+cache  x=0      " + strings.Repeat("123.4µs ", 20))
	p.finish()
	shown := false
	for frame := range strings.SplitSeq(b.String(), "\r") {
		frame = strings.TrimRight(frame, " \n")
		shown = shown || strings.Contains(frame, "modes opaque+cache x=0 123.4µs")
		if n := utf8.RuneCountInString(frame); n > 80 || !utf8.ValidString(frame) {
			t.Errorf("%d characters: %q", n, frame)
		}
	}
	if !shown {
		t.Errorf("nothing was shown: %q", b.String())
	}
}
