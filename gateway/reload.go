package gateway

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// ErrRestart: the new configuration differs where only a restart helps.
var ErrRestart = errors.New("takes a restart to change")

// fixed is the part of a configuration that only a restart changes.
func (c Config) fixed() Config {
	c.Routes, c.Upstreams, c.TrustedProxies, c.AccessLog = nil, nil, nil, AccessLog{}
	c.Limits, c.Timeouts, c.Endpoints = Limits{Token: c.Limits.Token}, Timeouts{}, Endpoints{}
	c.AdminHosts, c.Pprof, c.TokenFrom = nil, false, nil
	c.Keys.URL, c.Keys.File, c.Keys.MaxAge = "", "", 0
	return c
}

// Reload puts routes, upstreams, trusted proxies, limits, timeouts, endpoints, the place
// and the bound on the age of the keys, the access log, and who may use the admin
// listener for what, of cfg in the place of the present ones, and
// reads the keys and the gateway's own client secret again. A cfg that is no good, or that differs in anything
// else, changes nothing.
func (g *Gateway) Reload(cfg Config) error {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	err := g.reload(cfg)
	if err != nil {
		g.metrics.badLoad.Inc()
		return err
	}
	g.metrics.reloads.Inc()
	return nil
}

// keyTime bounds how long a reload waits for keys.
const keyTime = 10 * time.Second

func (g *Gateway) reload(cfg Config) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	cfg = cfg.WithDefaults()
	last := g.snap.Load()
	if key := differs(reflect.ValueOf(last.cfg.fixed()), reflect.ValueOf(cfg.fixed())); key != "" {
		return fmt.Errorf("%s: %w", key, ErrRestart)
	}
	// Not used before a restart, but a file that is gone is better known now.
	if _, err := cfg.SecurityService.TLS.Client(""); err != nil {
		return fmt.Errorf("security_service.%w", err)
	}
	if _, err := newServerTLS(cfg.TLS, g.log); err != nil {
		return err
	}
	if g.auth.client != nil {
		if err := g.auth.client.Reread(); err != nil {
			return fmt.Errorf("security_service.%w", err)
		}
	}
	ctx, cancel := context.WithTimeout(g.ctx, keyTime)
	defer cancel()
	source, err := g.auth.tryKeys(ctx, &cfg, &last.cfg)
	if err != nil {
		return err
	}
	next, err := newSnapshot(cfg, last, g.watch, g.metrics.requests)
	if err != nil {
		return err
	}
	g.auth.useKeys(ctx, source, cfg.Keys.File != "")
	g.snap.Store(next)
	g.edge.Use(&next.edge)
	next.probe(g.ctx, last)
	last.retire(next)
	return nil
}

// differs names the first key in which a and b differ.
func differs(a, b reflect.Value) string {
	for i := range a.NumField() {
		x, y, key := a.Field(i), b.Field(i), a.Type().Field(i).Tag.Get("yaml")
		switch {
		case key == "-" || reflect.DeepEqual(x.Interface(), y.Interface()):
		case x.Kind() == reflect.Struct:
			return key + "." + differs(x, y)
		default:
			return key
		}
	}
	return ""
}
