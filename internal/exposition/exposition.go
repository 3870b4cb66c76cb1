// Package exposition writes metrics in Prometheus' text format with HELP and
// TYPE, which github.com/VictoriaMetrics/metrics leaves empty or out:
//
//	exposition.Write(w, map[string]string{"tollgate_ready": "1 while the service can serve."}, set.WritePrometheus)
package exposition

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tollgate/tollgate/internal/buildinfo"
)

// Latencies are the bounds of a histogram of durations, in seconds.
var Latencies = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// A family is the samples of one metric.
type family struct {
	name, kind string
	samples    bytes.Buffer
}

// Write writes what sources write, grouped by metric, with the help of each
// metric by its name, then tollgate_build_info and the metrics of the process.
// It writes to w once.
func Write(w io.Writer, help map[string]string, sources ...func(io.Writer)) {
	var in bytes.Buffer
	for _, source := range sources {
		source(&in)
	}
	version, commit := buildinfo.Read()
	fmt.Fprintf(&in, "tollgate_build_info{version=%s,commit=%s,go=%s} 1\n", Quote(version), Quote(commit), Quote(runtime.Version()))
	metrics.WriteProcessMetrics(&in)

	var out bytes.Buffer
	for _, f := range families(&in) {
		text, ok := help[f.name]
		switch {
		case ok:
		case f.name == "tollgate_build_info":
			text = "1, with the version, the commit and the Go release of this binary as labels."
		default:
			text = "A figure of the Go runtime or of the operating system about this process."
		}
		fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s %s\n", f.name, text, f.name, f.kind)
		out.Write(f.samples.Bytes())
	}
	w.Write(out.Bytes())
}

// families groups samples by metric, in the order of their first appearance. The
// sum and the count of a histogram or summary come after its other samples.
func families(in io.Reader) []*family {
	var list []*family
	byName := map[string]*family{}
	scan := bufio.NewScanner(in)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		line := scan.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		sample := line[:strings.IndexAny(line+" ", "{ ")]
		name, kind := sample, "gauge"
		base, bucket := strings.CutSuffix(sample, "_bucket")
		switch {
		case bucket && strings.Contains(line, `le="`):
			name, kind = base, "histogram"
		case strings.Contains(line, `quantile="`):
			kind = "summary"
		case byName[strings.TrimSuffix(sample, "_sum")] != nil:
			name = strings.TrimSuffix(sample, "_sum")
		case byName[strings.TrimSuffix(sample, "_count")] != nil:
			name = strings.TrimSuffix(sample, "_count")
		case strings.HasSuffix(sample, "_total"):
			kind = "counter"
		}
		if unsuitable[name] {
			continue
		}
		f := byName[name]
		if f == nil {
			f = &family{name: name, kind: kind}
			byName[name] = f
			list = append(list, f)
		}
		f.samples.WriteString(line)
		f.samples.WriteByte('\n')
	}
	return list
}

// unsuitable are metrics of the Go runtime that the library names against the
// rules of Prometheus, and that say nothing which others here do not.
var unsuitable = map[string]bool{"go_cgo_calls_count": true, "go_cpu_count": true, "go_gc_forced_count": true}

// Quote makes a label value of s. Prometheus escapes the backslash, the quote
// and the line break, and nothing else.
func Quote(s string) string { return `"` + escaper.Replace(s) + `"` }

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
