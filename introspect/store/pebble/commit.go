package pebble

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tollgate/tollgate/introspect/store"
)

// commit makes b durable. Calls made at the same time share one sync.
func (s *Store) commit(b *pebble.Batch) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case commitFailure:
			err = fmt.Errorf("%w: %s", store.ErrFailed, string(r))
		default:
			panic(r)
		}
	}()
	if s.broken.Load() {
		return store.ErrFailed
	}
	if err := b.Commit(pebble.Sync); err != nil {
		s.fail()
		return fmt.Errorf("%w: %w", store.ErrFailed, err)
	}
	return b.Close()
}

// set and remove panic only where the batch is no longer open, which is a bug.
func set(b *pebble.Batch, k, v []byte) {
	if err := b.Set(k, v, nil); err != nil {
		panic("BUG: " + err.Error())
	}
}

func remove(b *pebble.Batch, k []byte) {
	if err := b.Delete(k, nil); err != nil {
		panic("BUG: " + err.Error())
	}
}

func (s *Store) fail() {
	if s.broken.CompareAndSwap(false, true) {
		close(s.failed)
	}
}

// commitFailure is the panic that takes a failed commit out of Pebble, which
// offers no other way past its logger's Fatalf.
type commitFailure string

// logger is where Pebble says what it does, and that it cannot go on.
type logger struct {
	log *slog.Logger
	s   *Store
}

func (l *logger) Infof(format string, args ...any) {
	l.log.Debug("pebble", "says", fmt.Sprintf(format, args...))
}

func (l *logger) Errorf(format string, args ...any) {
	l.log.Error("pebble", "says", fmt.Sprintf(format, args...))
}

// Fatalf marks the store as failed. It must not return: in a commit it goes
// back to the caller, who learns of the failure; in a goroutine of Pebble's
// own it stays, and the service that sees the store fail ends the process.
func (l *logger) Fatalf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	l.log.Error("store has failed", "why", text)
	l.s.fail()
	if strings.HasPrefix(format, "pebble: fatal commit error") {
		panic(commitFailure(text))
	}
	select {}
}
