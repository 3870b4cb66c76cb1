package loadtest

import (
	"fmt"
	"io"
	"os"
	"strings"
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
			progressbar.OptionSetWidth(barWidth), progressbar.OptionThrottle(100*ms), progressbar.OptionClearOnFinish())
	}
	return p
}

// describe has the bar stand behind what, on one line: a line that wraps is not
// drawn over but left behind.
func (p *progress) describe(what string) {
	what = strings.Join(strings.Fields(what), " ")
	if room := max(0, p.width()-barWidth-margin); len(what) > room {
		what = what[:room] // ASCII but for µ, of which half would be drawn as nothing
	}
	p.bar.Describe(strings.ToValidUTF8(what, ""))
}

const (
	barWidth = 12
	margin   = 10 // the percentage, the bar's ends and spaces
)

// width is the terminal's, 80 where it cannot be told.
func (p *progress) width() int {
	if f, ok := p.w.(*os.File); ok {
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
	line := func(elapsed time.Duration) string {
		offered := "as fast as it can"
		if o.rate > 0 {
			offered = fmt.Sprintf("%.0f/s offered", o.rate)
		}
		return fmt.Sprintf("%-8s %-13s x=%-6g round %-2d %s, %.0f/s achieved, p50 %v p99 %v, %d errors, %v left",
			k.Phase, k.Mode, k.X, k.Round+1, offered, float64(live.OK())/elapsed.Seconds(),
			round(live.Quantile(0.5)), round(live.Quantile(0.99)), live.Errors(), max(0, p.left-elapsed).Round(sec))
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
					p.describe(line(time.Since(begin)))
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
			fmt.Fprintln(p.w, line(took))
		}
	}
}

// finish takes the bar away.
func (p *progress) finish() {
	if p.bar != nil {
		p.bar.Finish()
	}
}

// round keeps three digits or so.
func round(d time.Duration) time.Duration {
	switch {
	case d > sec:
		return d.Round(10 * ms)
	case d > ms:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(100 * time.Nanosecond)
}
