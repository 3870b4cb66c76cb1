package introspect

import (
	"context"
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tollgate/tollgate/internal/exposition"
	"github.com/tollgate/tollgate/introspect/store"
)

// timed is a store that keeps how long its operations take.
type timed struct {
	store.Store
	lookup, issue, rotate, revoke, sweep *metrics.PrometheusHistogram
}

func newTimed(s store.Store, set *metrics.Set) *timed {
	histogram := func(operation string) *metrics.PrometheusHistogram {
		return set.NewPrometheusHistogramExt(fmt.Sprintf(`tollgate_store_seconds{operation=%q}`, operation), exposition.Latencies)
	}
	return &timed{s, histogram("lookup"), histogram("issue"), histogram("rotate"), histogram("revoke"), histogram("sweep")}
}

func (t *timed) Access(ctx context.Context, d store.Digest, now int64) (*store.Token, error) {
	defer t.lookup.UpdateDuration(time.Now())
	return t.Store.Access(ctx, d, now)
}

func (t *timed) Session(ctx context.Context, refresh store.Digest, now int64) (*store.Session, error) {
	defer t.lookup.UpdateDuration(time.Now())
	return t.Store.Session(ctx, refresh, now)
}

func (t *timed) Issue(ctx context.Context, access *store.Issued) error {
	defer t.issue.UpdateDuration(time.Now())
	return t.Store.Issue(ctx, access)
}

func (t *timed) Begin(ctx context.Context, s *store.Session, access *store.Issued) error {
	defer t.issue.UpdateDuration(time.Now())
	return t.Store.Begin(ctx, s, access)
}

func (t *timed) Rotate(ctx context.Context, r *store.Rotation) (*store.Used, error) {
	defer t.rotate.UpdateDuration(time.Now())
	return t.Store.Rotate(ctx, r)
}

func (t *timed) Revoke(ctx context.Context, events ...store.Event) error {
	defer t.revoke.UpdateDuration(time.Now())
	return t.Store.Revoke(ctx, events...)
}

func (t *timed) Sweep(ctx context.Context, now int64, limit int) (int, error) {
	defer t.sweep.UpdateDuration(time.Now())
	return t.Store.Sweep(ctx, now, limit)
}
