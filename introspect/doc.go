// Package introspect is the security service: it knows the accounts, issues
// tokens, says what they stand for, and revokes them.
//
//	svc, err := introspect.New(cfg, log)
//	if err != nil { … }
//	defer svc.Close()
//	err = svc.Serve(ctx, public, admin) // until ctx ends; then it drains
//
// A request becomes a form, a form and its credentials a grant, a grant a
// token, a token an answer; each step is a file. Which error is which status
// code is decided in answer.go alone. What is kept, and how durably, is for
// package store and those below it.
//
// docs/oauth.md names the statement of the RFCs behind each thing that the
// endpoints do, and the test that holds them to it.
package introspect
