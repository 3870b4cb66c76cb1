package main

import (
	"context"
	"net"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tollgate/tollgate/engine/httpauth"
	"github.com/tollgate/tollgate/examples/orders"
)

// cmdFill expands the variables in files.
func cmdFill(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(expand(ts, ts.ReadFile(name))), 0o600))
	}
}

// cmdEdit replaces a text in a file by another, as an editor would: with a new
// file.
func cmdEdit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit file old new")
	}
	text := ts.ReadFile(args[0])
	if strings.Count(text, args[1]) != 1 {
		ts.Fatalf("%s holds %q %d times", args[0], args[1], strings.Count(text, args[1]))
	}
	temp := ts.MkAbs(args[0] + "~")
	ts.Check(os.WriteFile(temp, []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
	ts.Check(os.Rename(temp, ts.MkAbs(args[0])))
}

// cmdOrders serves the orders service at an address to a gateway that knows a
// secret, until the end of the script.
func cmdOrders(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: orders ADDRESS secret-file")
	}
	auth, err := httpauth.TrustGateway(httpauth.Gateway{Secrets: []string{strings.TrimSpace(ts.ReadFile(args[1]))}})
	ts.Check(err)
	l, err := net.Listen("tcp", args[0])
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- orders.Serve(ctx, l, orders.New().Handler(auth.Handler)) }()
	ts.Defer(func() {
		cancel()
		ts.Check(<-ended)
	})
}
