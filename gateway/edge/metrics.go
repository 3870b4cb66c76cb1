package edge

import (
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tollgate/tollgate/internal/exposition"
)

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
		name := fmt.Sprintf("tollgate_requests_total{route=%s,outcome=%q}", exposition.Quote(label), answers[i].label)
		o.count[i] = c.set.GetOrCreateCounter(name)
	}
	for i := range o.status {
		if i > 0 {
			o.status[i] = c.set.GetOrCreateCounter(fmt.Sprintf("tollgate_responses_total{route=%s,class=\"%dxx\"}", exposition.Quote(label), i))
		}
	}
	o.seconds = c.set.GetOrCreatePrometheusHistogramExt(fmt.Sprintf("tollgate_request_seconds{route=%s}", exposition.Quote(label)), exposition.Latencies)
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
