package edge

import (
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// latencies are the bounds of the histograms, in seconds.
var latencies = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// Metrics count requests, by route and outcome. They outlive a reload.
type Metrics struct {
	set    *metrics.Set
	local  *outcomes // of the gateway's own paths and of requests that no route takes
	turned *outcomes // of heads that were not even read
}

// outcomes are the metrics of one route.
type outcomes struct {
	count   [numOutcomes]*metrics.Counter
	status  [6]*metrics.Counter // by hundreds
	seconds *metrics.PrometheusHistogram
}

// NewMetrics counts in set.
func NewMetrics(set *metrics.Set) *Metrics {
	c := &Metrics{set: set}
	c.local, c.turned = c.route(""), c.route("malformed")
	return c
}

func (c *Metrics) route(label string) *outcomes {
	o := &outcomes{}
	for i := range o.count {
		name := fmt.Sprintf("tollgate_requests_total{route=%q,outcome=%q}", label, answers[i].label)
		o.count[i] = c.set.GetOrCreateCounter(name)
	}
	for i := range o.status {
		if i > 0 {
			o.status[i] = c.set.GetOrCreateCounter(fmt.Sprintf("tollgate_responses_total{route=%q,class=\"%dxx\"}", label, i))
		}
	}
	o.seconds = c.set.GetOrCreatePrometheusHistogramExt(fmt.Sprintf("tollgate_request_seconds{route=%q}", label), latencies)
	return o
}

// done counts a request.
func (c *Metrics) done(x *exchange, took time.Duration) {
	o := c.local
	if x.route != nil {
		o = x.route.outcomes
	}
	o.count[x.outcome].Inc()
	if class := x.status / 100; class > 0 && class < len(o.status) {
		o.status[class].Inc()
	}
	o.seconds.Update(took.Seconds())
}

// decided counts a decision of which nothing else is known.
func (c *Metrics) decided(d *decision) {
	o := c.local
	if d.route != nil {
		o = d.route.outcomes
	}
	o.count[d.outcome].Inc()
}

// refused counts a request that was turned away before it could be read.
func (c *Metrics) refused(o Outcome) {
	c.turned.count[o].Inc()
	c.turned.status[answers[o].status/100].Inc()
}
