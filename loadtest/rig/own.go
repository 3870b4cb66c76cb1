package rig

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tollgate/tollgate/loadtest/target"
)

// Target is the service behind the gateways.
type Target struct{ *Process }

// Target starts one; args are those of `tollgate loadtest target`.
func (r *Rig) Target(ctx context.Context, args ...string) (*Target, error) {
	dir, err := r.folder("target")
	if err != nil {
		return nil, err
	}
	p, err := r.start("target", dir, true, append([]string{"loadtest", "target", "--run", r.RunID}, args...)...)
	if err != nil {
		return nil, err
	}
	return &Target{p}, nil
}

// Check fails if what answers there is not of this run.
func (r *Rig) Check(ctx context.Context, url string) error {
	b, err := fetch(ctx, url+target.RunPath)
	if err != nil {
		return err
	}
	if string(b) != r.RunID {
		return fmt.Errorf("%s is not of this run: it answers %.40q", url, b)
	}
	return nil
}

// Served is how many requests it has answered.
func (t *Target) Served(ctx context.Context) (int64, error) {
	b, err := fetch(ctx, t.URL()+target.CountPath)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(b), 10, 64)
}

// Distance is the network to a security service.
type Distance struct{ *Process }

// Distance starts one in front of an address, without delay for now.
func (r *Rig) Distance(to string) (*Distance, error) {
	dir, err := r.folder("distance")
	if err != nil {
		return nil, err
	}
	p, err := r.start("distance", dir, true, "loadtest", "distance", "--to", to)
	if err != nil {
		return nil, err
	}
	return &Distance{p}, nil
}

// Set changes the round trip.
func (d *Distance) Set(roundTrip time.Duration) error { return d.command("set " + roundTrip.String()) }

// Stall stops everything for a time.
func (d *Distance) Stall(t time.Duration) error { return d.command("stall " + t.String()) }
