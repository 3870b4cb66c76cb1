// Package admin is what an operator does to accounts and signing keys. Local
// does it to an open store; a running service serves the same operations on a
// Unix socket in its data folder, mode 0600, and Dial reaches them there. Both
// are an Admin, so that a command need not care which of them it holds:
//
//	ops, err := introspect.OpenAdmin(cfg, log)
//	if err != nil { … }
//	defer ops.Close()
//	client, secret, err := ops.AddClient(ctx, admin.NewClient{ID: "reporting", Roles: []string{"auditor"}})
//
// A secret is returned once, by the call that made it, and kept as a digest.
package admin
