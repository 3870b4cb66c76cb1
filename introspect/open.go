package introspect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/tollgate/tollgate/internal/private"
	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/admin"
	"github.com/tollgate/tollgate/introspect/client"
	"github.com/tollgate/tollgate/introspect/signing"
	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/store/memory"
	"github.com/tollgate/tollgate/introspect/store/pebble"
	"github.com/tollgate/tollgate/introspect/store/redis"
)

// open opens what the service and the operator's commands work on.
func open(c Config, log *slog.Logger) (*admin.Local, error) {
	if err := private.Dir(c.Data); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	hasher, err := account.NewHasher(c.Login.Hash, c.Login.Concurrency, c.Login.Queue, c.Login.Wait)
	if err != nil {
		return nil, err
	}
	st, err := openStore(c, log)
	if err != nil {
		return nil, err
	}
	keyring, err := openKeys(c, st)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return &admin.Local{
		Store: st, Keyring: keyring, Hasher: hasher, Log: log, Now: time.Now,
		LoginClient: c.LoginClientID, Lead: c.Keys.Lead, RefreshTTL: c.Tokens.RefreshTTL, SessionTTL: c.Login.SessionTTL, MinPassword: c.Login.MinPassword,
	}, nil
}

func openKeys(c Config, st store.Store) (*signing.Keyring, error) {
	tail := seconds(c.Tokens.AccessTTL)
	files := filepath.Join(c.Data, "keys")
	switch {
	case c.Keys.Env == "" && c.Store.Kind == StoreRedis:
		secret, err := c.Keys.Seal.Read()
		if err != nil {
			return nil, fmt.Errorf("keys.seal: %w", err)
		}
		seal, err := signing.NewSeal(secret)
		if err != nil {
			return nil, fmt.Errorf("keys.seal: %w", err)
		}
		return signing.OpenShared(sharedKeys{st}, seal, files, tail)
	case c.Keys.Env == "":
		return signing.Open(files, tail)
	}
	text, err := Secret{Env: c.Keys.Env}.Read()
	if err != nil {
		return nil, err
	}
	return signing.FromEnv(text, tail)
}

func openStore(c Config, log *slog.Logger) (store.Store, error) {
	switch c.Store.Kind {
	case StoreMemory:
		return memory.New(), nil
	case StoreRedis:
		return openRedis(c.Store.Redis, log)
	default:
		return pebble.Open(filepath.Join(c.Data, "store"), pebble.Options{HotTokens: c.Store.HotTokens, Log: log})
	}
}

func openRedis(c RedisConfig, log *slog.Logger) (store.Store, error) {
	password, err := c.Password.Read()
	if err != nil {
		return nil, fmt.Errorf("store.redis.password: %w", err)
	}
	sentinel, err := c.Sentinel.Password.Read()
	if err != nil {
		return nil, fmt.Errorf("store.redis.sentinel.password: %w", err)
	}
	o := redis.Options{
		Addresses: c.Addresses, Cluster: c.Cluster,
		Sentinel: redis.Sentinel{Master: c.Sentinel.Master, Username: c.Sentinel.Username, Password: sentinel},
		Username: c.Username, Password: password, Database: c.Database,
		Prefix: c.Prefix, Timeout: c.Timeout, Log: log,
	}
	if c.Address != "" {
		o.Addresses = []string{c.Address}
	}
	if c.TLS {
		files := client.TLS{CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, ServerName: c.ServerName}
		if o.TLS, err = files.Client(""); err != nil {
			return nil, fmt.Errorf("store.redis: %w", err)
		}
	}
	return redis.Open(background, o)
}

// errNoService: a store in memory is its service's alone.
var errNoService = errors.New("no service is running, and a store in memory has nothing to open")

// OpenAdmin returns what an operator may do to the service that cfg describes:
// asked of that service where it runs, done to its store where it does not.
func OpenAdmin(ctx context.Context, cfg Config, log *slog.Logger) (admin.Admin, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	c := cfg.WithDefaults()
	running, err := admin.Dial(ctx, socketPath(c.Data))
	if err == nil {
		return running, nil
	}
	if !errors.Is(err, admin.ErrNoService) {
		return nil, fmt.Errorf("admin socket: %w", err)
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
