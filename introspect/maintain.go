package introspect

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
)

// keysEvery is how often keys that another process has changed are looked for.
const keysEvery = time.Second

// keepKeys keeps the keys current, until ctx ends.
func (s *Service) keepKeys(ctx context.Context) error {
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.keyring.Reload(); err != nil {
				s.log.Error("signing keys stay as they were", "error", err)
			}
		}
	}
}

// sweepLag is how long what has expired stays; see store.KeptExpired. A call that read the clock
// before the expiry may still be on its way to the store, and must not find
// its session half deleted.
const sweepLag = store.KeptExpired

// keepSwept sweeps what has expired, until ctx ends. A sweep takes its time,
// so nothing else waits for it. What is swept is gone for good, so the time is that
// of a clock which no jump of the machine's clock moves.
func (s *Service) keepSwept(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Store.SweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			n, err := store.SweepAll(ctx, s.store, s.clock.Now()-seconds(sweepLag))
			s.metrics.swept.Add(n)
			if err != nil && ctx.Err() == nil {
				s.log.Error("sweep failed", "error", err)
			}
		}
	}
}
