package exposition

import (
	"bytes"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"
)

// Each metric has its help and type once, and all its samples below them.
func TestWrite(t *testing.T) {
	set := metrics.NewSet()
	set.NewCounter(`tollgate_b_total{route="x"}`).Inc()
	set.NewPrometheusHistogramExt(`tollgate_a_seconds{route="x"}`, []float64{1, 2}).Update(1.5)
	set.NewPrometheusHistogramExt(`tollgate_a_seconds{route="y"}`, []float64{1, 2}).Update(0.5)
	set.NewGauge(`tollgate_c`, func() float64 { return 3 })
	var out bytes.Buffer
	Write(&out, map[string]string{"tollgate_a_seconds": "A.", "tollgate_b_total": "B.", "tollgate_c": "C."}, set.WritePrometheus)
	want := `# HELP tollgate_a_seconds A.
# TYPE tollgate_a_seconds histogram
tollgate_a_seconds_bucket{route="x",le="1"} 0
tollgate_a_seconds_bucket{route="x",le="2"} 1
tollgate_a_seconds_bucket{route="x",le="+Inf"} 1
tollgate_a_seconds_sum{route="x"} 1.5
tollgate_a_seconds_count{route="x"} 1
tollgate_a_seconds_bucket{route="y",le="1"} 1
tollgate_a_seconds_bucket{route="y",le="2"} 1
tollgate_a_seconds_bucket{route="y",le="+Inf"} 1
tollgate_a_seconds_sum{route="y"} 0.5
tollgate_a_seconds_count{route="y"} 1
# HELP tollgate_b_total B.
# TYPE tollgate_b_total counter
tollgate_b_total{route="x"} 1
# HELP tollgate_c C.
# TYPE tollgate_c gauge
tollgate_c 3
# HELP tollgate_build_info 1, with the version, the commit and the Go release of this binary as labels.
# TYPE tollgate_build_info gauge
tollgate_build_info{version=`
	if !strings.HasPrefix(out.String(), want) {
		t.Errorf("written:\n%.1500s\nwanted at the beginning:\n%s", out.String(), want)
	}
}

func TestQuote(t *testing.T) {
	if got, want := Quote("a\"b\\c\nü"), `"a\"b\\c\nü"`; got != want {
		t.Errorf("quoted as %s, wanted %s", got, want)
	}
}
