package introspect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/tollgate/tollgate/introspect/admin"
)

// errNoService: a store in memory is its service's alone.
var errNoService = errors.New("no service is running, and a store in memory has nothing to open")

// OpenAdmin returns what an operator may do to the service that cfg describes:
// asked of that service where it runs, done to its store where it does not.
func OpenAdmin(ctx context.Context, cfg Config, log *slog.Logger) (admin.Admin, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	c := cfg.withDefaults()
	if running, err := admin.Dial(ctx, socketPath(c.Data)); err == nil {
		return running, nil
	}
	if c.Store.Kind == StoreMemory {
		return nil, errNoService
	}
	local, err := open(c, log)
	if err != nil {
		return nil, fmt.Errorf("no service is running on %q: %w", c.Data, err)
	}
	return &owned{local}, nil
}

// owned is an Admin that closes its store.
type owned struct{ *admin.Local }

func (o *owned) Close() error { return o.Store.Close() }
