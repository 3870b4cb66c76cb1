package loadtest

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tollgate/tollgate/loadtest/record"
)

var longest = running{
	Key: record.Key{Phase: record.PhaseRate, Mode: record.ModePhantomCache, X: 0.25, Round: 3}, offered: 24853.4, achieved: 24853.4,
	p50: 2345 * time.Microsecond, p99: 13_876 * time.Microsecond, errors: 0, left: 26*time.Minute + 31*sec,
}

// Phase, mode, rates, quantiles, errors and the time left are all there, in 70
// columns; a log has the round too.
func TestRunning(t *testing.T) {
	f := func(r running, short, line string) {
		t.Helper()
		if got := r.short(); got != short || utf8.RuneCountInString(got) > widest {
			t.Errorf("%q, want %q", got, short)
		}
		if got := r.line(); got != line {
			t.Errorf("%q, want %q", got, line)
		}
	}
	f(longest, "rate phantom+cache 0.25 24853 of 24853/s p50 2.3ms p99 14ms 0 err 27m",
		"rate     phantom+cache x=0.25   round 4  24853/s offered, 24853/s achieved, p50 2.35ms p99 13.9ms, 0 errors, 26m31s left")
	f(running{Key: record.Key{Phase: record.PhaseCapacity, Mode: record.ModeJWT}, achieved: 20064, p50: 99_960, p99: sec + 6*ms, errors: 7, left: 95 * sec},
		"capacity jwt 20064/s p50 100µs p99 1s 7 err 1m35s",
		"capacity jwt           x=0      round 1  as fast as it can, 20064/s achieved, p50 100µs p99 1.01s, 7 errors, 1m35s left")
}

// What is drawn on a terminal of 80 columns is whole, and on one line even where
// there is more to say than fits.
func TestProgressWidth(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, true, sec)
	for _, what := range []string{longest.short(), strings.Repeat("123.4µs ", 20)} {
		b.Reset()
		p.describe(what)
		time.Sleep(110 * ms) // what is drawn is drawn at most every 100 ms
		p.describe(what)
		for frame := range strings.SplitSeq(b.String(), "\r") {
			if frame = strings.TrimRight(frame, " \n"); utf8.RuneCountInString(frame) > 80 || !utf8.ValidString(frame) {
				t.Errorf("%d characters: %q", utf8.RuneCountInString(frame), frame)
			}
		}
		if shown := what[:min(len(what), widest)]; !strings.Contains(b.String(), strings.ToValidUTF8(shown, "")) {
			t.Errorf("%q is not in %q", shown, b.String())
		}
	}
	p.finish()
}
