package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/goccy/go-yaml"
	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/gateway"
)

// answerSize is the size of the upstream's answer.
const answerSize = 1 << 10

// role is what a process that this command has started does: it says its
// address on standard output and serves until it is told to end.
func role(args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	switch args[0] {
	case "upstream":
		body := make([]byte, answerSize)
		for i := range body {
			body[i] = 'a' + byte(i%26)
		}
		fmt.Println(ln.Addr())
		log.Fatal(fasthttp.Serve(ln, func(ctx *fasthttp.RequestCtx) { ctx.SetBody(body) }))
	case "reference":
		fmt.Println(ln.Addr())
		log.Fatal(reference(ln, args[1]))
	case "ours":
		var cfg gateway.Config
		if err := yaml.Unmarshal([]byte(args[1]), &cfg); err != nil {
			log.Fatal(err)
		}
		if err := ours(ln, cfg); err != nil {
			log.Fatal(err)
		}
	default:
		log.Fatalf("no role is called %q", args[0])
	}
}

// reference is the least a proxy on fasthttp can be.
func reference(ln net.Listener, upstream string) error {
	client := &fasthttp.HostClient{Addr: upstream, MaxConns: 4096, NoDefaultUserAgentHeader: true}
	s := &fasthttp.Server{
		NoDefaultServerHeader: true,
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.Request.Header.Del("Connection")
			if err := client.Do(&ctx.Request, &ctx.Response); err != nil {
				ctx.Error("bad gateway", fasthttp.StatusBadGateway)
			}
			ctx.Response.Header.Del("Connection")
		},
	}
	return s.Serve(ln)
}

func ours(ln net.Listener, cfg gateway.Config) error {
	cfg.Pprof = true // for -profile
	g, err := gateway.New(cfg, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	admin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr(), admin.Addr())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return g.Serve(ctx, ln, admin)
}
