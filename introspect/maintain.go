package introspect

import (
	"context"
	"time"
)

// keysEvery is how often keys that another process has changed are looked for.
const keysEvery = time.Second

// maintain sweeps what has expired and keeps the keys current, until ctx ends.
func (s *Service) maintain(ctx context.Context) error {
	sweep := time.NewTicker(s.cfg.Store.SweepEvery)
	defer sweep.Stop()
	keys := time.NewTicker(keysEvery)
	defer keys.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-keys.C:
			if err := s.keyring.Reload(); err != nil {
				s.log.Error("signing keys stay as they were", "error", err)
			}
			s.keyring.Revoke(s.store.Feed().Keys())
		case <-sweep.C:
			s.sweep(ctx)
		}
	}
}

// sweepLag is how long what has expired stays. A call that read the clock
// before the expiry may still be on its way to the store, and must not find
// its session half deleted.
const sweepLag = time.Minute

// sweep deletes in batches what has expired, and lets others at the store in
// between.
func (s *Service) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := s.store.Sweep(ctx, s.now().Add(-sweepLag).Unix(), sweepBatch)
		s.metrics.swept.Add(n)
		if err != nil {
			s.log.Error("sweep failed", "error", err)
			return
		}
		if n < sweepBatch {
			return
		}
	}
}
