package main

import (
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdSecret puts a secret into a variable: the value of a name in a JSON file,
// or all of a file.
func cmdSecret(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case !neg && len(args) == 2:
		ts.Setenv(args[1], strings.TrimSpace(ts.ReadFile(args[0])))
	case !neg && len(args) == 3:
		value, found := lookup([]byte(ts.ReadFile(args[0])), args[1])
		if !found {
			ts.Fatalf("no %s in %s", args[1], args[0])
		}
		ts.Setenv(args[2], value)
	default:
		ts.Fatalf("usage: secret file [name] VAR")
	}
}

// cmdLogin logs a demo account in at $GATE, and puts its access token, and its
// refresh token if asked to, into variables.
func cmdLogin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 && len(args) != 3 {
		ts.Fatalf("usage: login id TOKEN [REFRESH]")
	}
	password, found := lookup([]byte(ts.ReadFile("data/demo.json")), args[0])
	if !found {
		ts.Fatalf("no account %s", args[0])
	}
	a := last(ts)
	ts.Check(a.do([]string{"POST", "http://" + ts.Getenv("GATE") + "/login", "-form", "id=" + args[0], "-form", "password=" + password}))
	for i, name := range []string{"access_token", "refresh_token"}[:len(args)-1] {
		token, found := lookup(a.body, name)
		if a.status != 200 || !found {
			ts.Fatalf("login of %s: %d %s", args[0], a.status, a.body)
		}
		ts.Setenv(args[i+1], token)
	}
}

const sameKey = "same"

// cmdSame compares the last answer, as far as a client can tell answers apart,
// with the one that was first given that name.
func cmdSame(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: same NAME")
	}
	a, first := last(ts), ts.Value(sameKey).(map[string]string)
	got := fmt.Sprint(a.status, a.header["Content-Type"], a.header["Www-Authenticate"], a.header["Cache-Control"], "\n", string(a.body))
	if want, ok := first[args[0]]; !ok {
		first[args[0]] = got
	} else if got != want {
		ts.Fatalf("answers differ:\n%s\n%s", want, got)
	}
}
