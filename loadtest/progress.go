package loadtest

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/tollgate/tollgate/loadtest/generator"
	"github.com/tollgate/tollgate/loadtest/record"
)

// progress tells how a run gets on: on a terminal a bar with what is running, a
// line a cell elsewhere.
type progress struct {
	w     io.Writer
	bar   *progressbar.ProgressBar // nil: not a terminal
	left  time.Duration
	total time.Duration
}

// overhead is what a cell costs besides its load: connections, readings.
const overhead = 250 * ms

func newProgress(w io.Writer, terminal bool, total time.Duration) *progress {
	p := &progress{w: w, left: total, total: total}
	if terminal && w != nil {
		p.bar = progressbar.NewOptions64(total.Milliseconds(),
			progressbar.OptionSetWriter(w), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetWidth(min(max(1, terminalWidth(w)-widest-margin+1), barWidth)), progressbar.OptionThrottle(100*ms), progressbar.OptionClearOnFinish())
	}
	return p
}

// describe has the bar stand behind what, on one line: a line that wraps is not
// drawn over but left behind.
func (p *progress) describe(what string) {
	runes := []rune(what)
	p.bar.Describe(string(runes[:min(len(runes), max(0, terminalWidth(p.w)-margin))]))
}

const (
	margin   = 10 // columns beside what is said: the percentage, a bar of 1 and its ends
	widest   = 70 // columns of what is said
	barWidth = 12 // columns of the bar, where there is room
)

// terminalWidth is that of the terminal w is, 80 where it cannot be told.
func terminalWidth(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 80
}

// say tells what is being done between cells.
func (p *progress) say(what string) {
	switch {
	case p.bar != nil:
		p.describe(what)
	case p.w != nil:
		fmt.Fprintln(p.w, what)
	}
}

// cell follows one cell until the function it returns is called.
func (p *progress) cell(k record.Key, live *generator.Live, o load) (stop func()) {
	begin := time.Now()
	whole := o.warmup + o.duration
	now := func(elapsed time.Duration) running {
		return running{
			Key: k, offered: o.rate, achieved: float64(live.OK()) / elapsed.Seconds(),
			p50: live.Quantile(0.5), p99: live.Quantile(0.99), errors: live.Errors(), left: max(0, p.left-elapsed),
		}
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(250 * ms)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				if p.bar != nil {
					p.describe(now(time.Since(begin)).short())
				}
			}
		}
	}()
	return func() {
		close(quit)
		<-ended
		took := time.Since(begin)
		p.left -= whole + overhead
		if p.bar != nil {
			p.bar.Set64((p.total - p.left).Milliseconds())
		} else if p.w != nil {
			fmt.Fprintln(p.w, now(took).line())
		}
	}
}

// finish takes the bar away.
func (p *progress) finish() {
	if p.bar != nil {
		p.bar.Finish()
	}
}
