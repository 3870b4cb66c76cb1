// Command orders serves the example microservice.
//
//	orders --listen :8070 --security-service http://introspect:8090 --client-id orders \
//	  --client-secret-file /run/secrets/orders --issuer https://api.example --audience orders
//	orders --listen :8070 --gateway-secret-file /run/secrets/upstream
//
// The first verifies the tokens that are forwarded to it; the second believes
// the gateway that holds the secret, which is the way for opaque tokens.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/tollgate/tollgate/engine/httpauth"
	"github.com/tollgate/tollgate/engine/verifier"
	"github.com/tollgate/tollgate/examples/orders"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "orders:", err)
		os.Exit(1)
	}
}

func run() error {
	var c verifier.Config
	var secretFile string
	listen := flag.String("listen", "127.0.0.1:8070", "address to listen on")
	gateway := flag.String("gateway-secret-file", "", "file with the secret of the gateway to believe")
	flag.StringVar(&c.SecurityService, "security-service", "http://127.0.0.1:8090", "URL of the security service")
	flag.StringVar(&c.ClientID, "client-id", "orders", "the service client to follow revocations as")
	flag.StringVar(&secretFile, "client-secret-file", "", "file with that client's secret")
	flag.StringVar(&c.Issuer, "issuer", "", "iss of the tokens")
	flag.StringVar(&c.Audience, "audience", "orders", "aud of the tokens")
	flag.Parse()
	c.ClientSecret = verifier.SecretFile(secretFile)

	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	know, err := knowledge(ctx, *gateway, c, log)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	log.Info("orders", "listen", l.Addr().String())
	return orders.Serve(ctx, l, orders.New().Handler(know))
}

// knowledge is how the service knows its callers.
func knowledge(ctx context.Context, gateway string, c verifier.Config, log *slog.Logger) (func(http.Handler) http.Handler, error) {
	if gateway != "" {
		secret, err := verifier.SecretFile(gateway)()
		if err != nil {
			return nil, err
		}
		auth, err := httpauth.TrustGateway(httpauth.Gateway{Secrets: []string{secret}})
		if err != nil {
			return nil, err
		}
		return auth.Handler, nil
	}
	if c.Issuer == "" {
		return nil, errors.New("give --issuer, or --gateway-secret-file")
	}
	c.OnError = func(err error) { log.Warn("security service", "error", err) }
	v, err := verifier.New(c)
	if err != nil {
		return nil, err
	}
	go v.Run(ctx)
	return httpauth.Verify(v).Handler, nil
}
