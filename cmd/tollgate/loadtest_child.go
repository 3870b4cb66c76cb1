package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/loadtest/delay"
	"github.com/tollgate/tollgate/loadtest/target"
)

// The laboratory starts these two itself. Each listens on a free loopback port,
// tells it in one JSON line on stdout, and ends when its standard input does.

func newLoadtestTarget() *cobra.Command {
	var c target.Config
	var secure bool
	cmd := &cobra.Command{
		Use:     "target",
		Short:   "The service behind the gateways that loadtest measures",
		Example: "  tollgate loadtest target --run me --stall 100ms --every 2s",
		Hidden:  true,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			hello := map[string]string{}
			if secure {
				cert, _, err := target.SelfSigned()
				if err != nil {
					return err
				}
				c.Certificate = cert
				hello["certificate"] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}))
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			t := target.New(c)
			served := make(chan error, 1)
			go func() { served <- t.Serve(l) }()
			hello["listen"] = l.Addr().String()
			if err := json.NewEncoder(cmd.OutOrStdout()).Encode(hello); err != nil {
				return err
			}
			io.Copy(io.Discard, os.Stdin)
			return errors.Join(l.Close(), t.Shutdown())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&c.RunID, "run", "", "the run it belongs to")
	flags.IntVar(&c.Body, "body", 1024, "bytes of an answer")
	flags.IntVar(&c.Chunk, "chunk", 0, "bytes of a chunk; 0: answers are not chunked")
	flags.BoolVar(&c.Close, "close", false, "close the connection after each answer")
	flags.DurationVar(&c.Stall, "stall", 0, "hold all answers for so long")
	flags.DurationVar(&c.Every, "every", time.Second, "this often")
	flags.BoolVar(&secure, "tls", false, "speak TLS, under a certificate that is told on stdout")
	return cmd
}

func newLoadtestDistance() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:     "distance",
		Short:   "The network between a gateway and its security service",
		Example: "  echo 'set 5ms' | tollgate loadtest distance --to 127.0.0.1:8090",
		Hidden:  true,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "to"); err != nil {
				return err
			}
			l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			p := delay.New(l, to)
			served := make(chan error, 1)
			go func() { served <- p.Serve(ctx) }()
			if err := json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"listen": l.Addr().String()}); err != nil {
				return err
			}
			controlled := p.Control(os.Stdin, cmd.OutOrStdout())
			cancel()
			return errors.Join(controlled, <-served)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "address of the service")
	return cmd
}
