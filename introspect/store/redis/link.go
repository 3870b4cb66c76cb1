package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

var (
	// ErrEviction: the server may drop keys when its memory is full.
	ErrEviction = errors.New("maxmemory-policy must be noeviction")
	// ErrCluster: the server is part of a cluster and the options do not say so, or
	// the other way round.
	ErrCluster = errors.New("a cluster is used as one, and nothing else is")
	// ErrReplica: the server takes no writes, since it is a replica of another.
	ErrReplica = errors.New("server is a replica")
)

const (
	// flushDelay lets commands of concurrent calls leave in one write.
	flushDelay = 20 * time.Microsecond
	// topologyEvery is how often sentinels and clusters are asked who is master,
	// beside what they tell by themselves.
	topologyEvery = time.Second
)

// link is the connection to one server, to the master that sentinels name, or to a
// cluster. It is safe for concurrent use.
type link struct {
	o       Options
	current atomic.Pointer[rueidis.Client]

	mu sync.Mutex // held while another server is looked for
}

// option is what rueidis is told, for the servers at addresses.
func (l *link) option(addresses []string) rueidis.ClientOption {
	o := &l.o
	return rueidis.ClientOption{
		InitAddress: addresses, Username: o.Username, Password: o.Password, SelectDB: o.Database,
		TLSConfig: o.TLS, Dialer: net.Dialer{Timeout: o.Timeout}, ConnWriteTimeout: o.Timeout,
		DisableCache: true, MaxFlushDelay: flushDelay,
	}
}

// connect connects for the first time.
func connect(ctx context.Context, o Options) (*link, error) {
	l := &link{o: o}
	option := l.option(o.Addresses)
	switch {
	case o.Sentinel.Master != "":
		option.Sentinel = rueidis.SentinelOption{
			MasterSet: o.Sentinel.Master, Username: o.Sentinel.Username, Password: o.Sentinel.Password,
			TLSConfig: o.TLS, Dialer: option.Dialer, TopologyRefreshInterval: topologyEvery,
		}
	case o.Cluster:
		option.ClusterOption.ShardsRefreshInterval = topologyEvery
		option.ShuffleInit = true
	default:
		return l, l.findMaster(ctx)
	}
	c, err := rueidis.NewClient(option)
	if err != nil {
		return nil, fmt.Errorf("connecting to %v: %w", o.Addresses, err)
	}
	if o.Cluster && c.Mode() != rueidis.ClientModeCluster {
		c.Close()
		return nil, fmt.Errorf("server at %v: %w", o.Addresses, ErrCluster)
	}
	l.current.Store(&c)
	return l, nil
}

// client is the present connection.
func (l *link) client() rueidis.Client { return *l.current.Load() }

// fixed reports whether the servers are those of Options.Addresses, and nobody but
// the link itself looks for the master among them.
func (l *link) fixed() bool { return l.o.Sentinel.Master == "" && !l.o.Cluster }

// findMaster connects to the first of the addresses that is a master.
func (l *link) findMaster(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, address := range l.o.Addresses {
		option := l.option([]string{address})
		option.ForceSingleClient = true
		c, err := rueidis.NewClient(option)
		if err == nil {
			err = isMaster(ctx, c)
		}
		if err == nil {
			if old := l.current.Swap(&c); old != nil {
				(*old).Close()
			}
			return nil
		}
		if c != nil {
			c.Close()
		}
		errs = append(errs, fmt.Errorf("server at %q: %w", address, err))
	}
	return errors.Join(errs...)
}

// isMaster asks the server whether it takes writes.
func isMaster(ctx context.Context, c rueidis.Client) error {
	role, err := info(ctx, c, "replication", "role")
	if err == nil && role != "master" {
		return ErrReplica
	}
	return err
}

// infoWait is how long a server may take to tell about itself.
const infoWait = time.Second

// info is a field of what a server tells about itself.
func info(ctx context.Context, c rueidis.Client, section, field string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, infoWait)
	defer cancel()
	text, err := c.Do(ctx, c.B().Info().Section(section).Build()).ToString()
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), field+":"); ok {
			return value, nil
		}
	}
	return "", nil
}

// fit refuses servers that may drop keys, and returns the addresses of those that
// may forget what they acknowledged, since they write no append-only file. A server
// that does not answer, a replica that is down for instance, is passed over as long as
// another does.
func (l *link) fit(ctx context.Context) (forgetful []string, err error) {
	var silent []error
	nodes := l.client().Nodes()
	for address, c := range nodes {
		policy, err := info(ctx, c, "memory", "maxmemory_policy")
		if err != nil {
			silent = append(silent, fmt.Errorf("server at %q: %w", address, err))
			continue
		}
		if policy != "" && policy != "noeviction" {
			return nil, fmt.Errorf("server at %q: %w, not %s", address, ErrEviction, policy)
		}
		if cluster, err := info(ctx, c, "cluster", "cluster_enabled"); err == nil && (cluster == "1") != l.o.Cluster {
			return nil, fmt.Errorf("server at %q: %w", address, ErrCluster)
		}
		if aof, err := info(ctx, c, "persistence", "aof_enabled"); err == nil && aof == "0" {
			forgetful = append(forgetful, address)
		}
	}
	if len(silent) == len(nodes) {
		return nil, errors.Join(silent...)
	}
	return forgetful, nil
}

func (l *link) close() { l.client().Close() }
