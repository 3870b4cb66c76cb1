package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/engine/httpauth"
	localverifier "github.com/tollgate/tollgate/engine/verifier"
	"github.com/tollgate/tollgate/examples/orders"
	"github.com/tollgate/tollgate/examples/webapp"
	"github.com/tollgate/tollgate/gateway"
	"github.com/tollgate/tollgate/internal/yamlconf"
	"github.com/tollgate/tollgate/introspect"
)

func newDev() *cobra.Command {
	var s settings
	var logs logFlags
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run the whole pattern on this machine, with demo accounts",
		Long: `Run the security service, the gateway and an example microservice in one
process, which hashes passwords in others, with demo accounts that are made at
the first start. It prints lines to try, and then "ready" alone on a line once
requests are served. Ctrl-C finishes the requests under way and ends it; another
start goes on with the same accounts, tokens and keys.`,
		Example: `  tollgate dev
  tollgate dev --mode opaque --cache-ttl 10s
  tollgate dev --mode phantom --listen 127.0.0.1:9080 --data ./demo`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if modes := []string{gateway.ModeJWT, gateway.ModeOpaque, gateway.ModePhantom}; !slices.Contains(modes, s.Mode) {
				return usagef("--mode has to be %s, not %q", strings.Join(modes, ", "), s.Mode)
			}
			if s.CacheTTL < 0 || s.AccessTTL < time.Second {
				return usagef("--cache-ttl has to be at least 0, and --access-ttl at least 1s")
			}
			log, err := logs.logger(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			ctx, stop := untilStopped(cmd.Context(), syscall.SIGHUP) // the terminal has gone
			defer stop()
			d := &dev{settings: s, log: log}
			return d.run(ctx, cmd)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&s.Mode, "mode", gateway.ModeJWT, "jwt, opaque or phantom")
	oneOf(cmd, "mode", gateway.ModeJWT, gateway.ModeOpaque, gateway.ModePhantom)
	flags.StringVar(&s.Listen, "listen", "127.0.0.1:8080", "address of the gateway")
	flags.StringVar(&s.Admin, "admin", "127.0.0.1:8081", "address of the gateway's admin listener")
	flags.StringVar(&s.Introspect, "introspect", "127.0.0.1:8090", "address of the security service")
	flags.StringVar(&s.IntrospectAdmin, "introspect-admin", "127.0.0.1:8091", "address of its admin listener")
	flags.StringVar(&s.Service, "service", "127.0.0.1:8070", "address of the example microservice")
	flags.StringVar(&s.Data, "data", "data", "folder of accounts, tokens and keys")
	flags.DurationVar(&s.CacheTTL, "cache-ttl", 0, "how long an answer of introspection is used; 0 asks every time")
	flags.DurationVar(&s.AccessTTL, "access-ttl", 5*time.Minute, "life of an access token")
	logs.flags(cmd, "warn")
	return cmd
}

// dev is the demo under way.
type dev struct {
	settings
	log       *slog.Logger
	folder    folder
	listeners map[string]net.Listener // by flag
}

func (d *dev) run(ctx context.Context, cmd *cobra.Command) (err error) {
	if d.folder, err = openFolder(d.Data); err != nil {
		return err
	}
	unlock, err := d.folder.lock()
	if err != nil {
		return err
	}
	defer unlock() // what it holds is the end of the process at the latest
	if err := d.listen(); err != nil {
		return err
	}
	defer func() {
		for _, l := range d.listeners {
			l.Close() // those that were served are closed already
		}
	}()
	d.Data = string(d.folder)
	d.GatewaySecret = d.folder.path(filepath.Join("secrets", "gateway"))
	d.UpstreamSecret = d.folder.path(filepath.Join("secrets", "upstream"))
	if d.Issuer, err = d.folder.issuer(d.Listen); err != nil {
		return err
	}
	var parts parts
	defer func() { err = errors.Join(err, parts.stop()) }()

	accounts, first, err := d.startIntrospect(ctx, &parts)
	if err != nil {
		return err
	}
	if err := d.startOrders(ctx, &parts); err != nil {
		return err
	}
	if err := d.startGateway(&parts); err != nil {
		return err
	}
	if err := d.ready(ctx, &parts); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return nil
	}
	out := cmd.OutOrStdout()
	if err := banner(out, d.settings, d.folder.path("demo.json"), accounts, first); err != nil {
		return err
	}
	fmt.Fprintln(out, "ready")
	select {
	case <-ctx.Done():
	case <-parts.failed():
	}
	return nil
}

// listen opens all listeners before anything is made, and puts the addresses
// that were chosen into the settings.
func (d *dev) listen() error {
	d.listeners = map[string]net.Listener{}
	for flag, address := range map[string]*string{
		"listen": &d.Listen, "admin": &d.Admin, "introspect": &d.Introspect,
		"introspect-admin": &d.IntrospectAdmin, "service": &d.Service,
	} {
		l, err := listen(*address, "--"+flag)
		if err != nil {
			return err
		}
		d.listeners[flag], *address = l, l.Addr().String()
	}
	return nil
}

func (d *dev) startIntrospect(ctx context.Context, p *parts) (secrets, bool, error) {
	path, err := d.folder.configure("introspect.yaml", d.settings)
	if err != nil {
		return nil, false, err
	}
	var conf introspect.Config
	if err := yamlconf.Load(path, &conf); err != nil {
		return nil, false, err
	}
	service, err := introspect.New(conf, d.log)
	if err != nil {
		return nil, false, fmt.Errorf("security service: %w", err)
	}
	// Apart, as in tollgate introspect: hashing would slow the gateway as well here.
	self, err := os.Executable()
	if err == nil {
		err = service.HashWith(self, hashCommand)
	}
	if err != nil {
		return nil, false, errors.Join(err, service.Close())
	}
	accounts, first, err := d.folder.furnish(ctx, service.Admin(), d.app())
	if err != nil {
		return nil, false, errors.Join(err, service.Close())
	}
	p.start("security service", func(ctx context.Context) error {
		err := service.Serve(ctx, d.listeners["introspect"], d.listeners["introspect-admin"])
		return errors.Join(err, service.Close())
	})
	return accounts, first, nil
}

// app is the example application that people log in to. It is where the issuer
// is: behind the gateway.
func (d *dev) app() webapp.Config {
	return webapp.Config{Issuer: d.Issuer, ClientID: "example-app", URL: d.Issuer + "/app", API: d.Issuer + "/whoami"}
}

// startOrders starts the microservice, and the application beside it. It verifies the forwarded JWT itself;
// in opaque mode there is none, and it believes the gateway.
func (d *dev) startOrders(ctx context.Context, p *parts) error {
	app, err := webapp.New(d.app())
	if err != nil {
		return err
	}
	serve := func(know func(http.Handler) http.Handler) func(context.Context) error {
		return func(ctx context.Context) error {
			both := http.NewServeMux()
			both.Handle("/app/", app.Handler())
			both.Handle("/", orders.New().Handler(know))
			return orders.Serve(ctx, d.listeners["service"], both)
		}
	}
	if d.Mode == gateway.ModeOpaque {
		secret, _, err := d.folder.once(filepath.Join("secrets", "upstream"), nil)
		if err != nil {
			return err
		}
		auth, err := httpauth.TrustGateway(httpauth.Gateway{Secrets: []string{string(secret)}})
		if err != nil {
			return fmt.Errorf("orders service: %w", err)
		}
		p.start("orders service", serve(auth.Handler))
		return nil
	}
	v, err := localverifier.New(localverifier.Config{
		Issuer: d.Issuer, Audience: "orders", SecurityService: "http://" + d.Introspect,
		ClientID: "orders", ClientSecret: localverifier.SecretFile(d.folder.path(filepath.Join("secrets", "orders"))),
		OnError: func(err error) { d.log.Warn("orders service", "error", err) },
	})
	if err != nil {
		return fmt.Errorf("orders service: %w", err)
	}
	p.start("orders service", func(ctx context.Context) error {
		running, end := context.WithCancel(context.WithoutCancel(ctx))
		done := make(chan struct{})
		go func() { defer close(done); v.Run(running) }()
		err := serve(httpauth.Verify(v).Handler)(ctx)
		end()
		<-done
		return err
	})
	return nil
}

func (d *dev) startGateway(p *parts) error {
	path, err := d.folder.configure("gateway.yaml", d.settings)
	if err != nil {
		return err
	}
	conf, err := loadGateway(path, "")
	if err != nil {
		return err
	}
	g, err := gateway.New(conf, d.log)
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	p.start("gateway", func(ctx context.Context) error {
		return g.Serve(ctx, d.listeners["listen"], d.listeners["admin"])
	})
	return nil
}

// ready waits until requests are served: by the gateway, by the security
// service behind it, and by the microservice behind both.
func (d *dev) ready(ctx context.Context, p *parts) error {
	for _, url := range []string{
		"http://" + d.IntrospectAdmin + "/readyz",
		"http://" + d.Admin + "/readyz",
		"http://" + d.Listen + "/healthz",
		"http://" + d.Listen + "/.well-known/jwks.json",
	} {
		if err := await(ctx, url, p.failed()); err != nil {
			return err
		}
	}
	return nil
}

// await asks url until it answers with 200.
func await(ctx context.Context, url string, failed <-chan struct{}) error {
	const patience = 20 * time.Second
	client := &http.Client{Timeout: 2 * time.Second}
	var last error
	for start := time.Now(); time.Since(start) < patience; {
		resp, err := client.Get(url)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("status %d", resp.StatusCode)
		}
		last = err
		select {
		case <-ctx.Done():
			return nil
		case <-failed:
			return nil // stop tells why
		case <-time.After(10 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s is not ready after %v: %w", url, patience, last)
}
