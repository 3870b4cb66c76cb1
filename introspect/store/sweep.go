package store

import (
	"context"
	"time"
)

const (
	sweepBatch = 128 // records deleted at a time

	// sweepRest is how many times as long as a batch took nothing is swept
	// after it. The processors that a store's own cleaning up keeps busy are
	// missed by whoever waits for an answer, so a sweep leaves some free.
	sweepRest = 3
)

// SweepAll sweeps all that has expired by now, little by little, and reports
// how many records it deleted.
func SweepAll(ctx context.Context, s Store, now int64) (total int, err error) {
	for ctx.Err() == nil {
		begin := time.Now()
		n, err := s.Sweep(ctx, now, sweepBatch)
		total += n
		if err != nil || n < sweepBatch {
			return total, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(sweepRest * time.Since(begin)):
		}
	}
	return total, ctx.Err()
}
