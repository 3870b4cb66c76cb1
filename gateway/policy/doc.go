// Package policy decides what becomes of a request: which route it takes and
// whether its caller may use it.
//
//	table, err := policy.New(routes, nil)
//	match := table.Match(&req)             // which rule, by host, path and method
//	if match.NeedsCaller() { … }           // authenticate
//	decision := match.Decide(&req, claims, now)
//
// It is pure: it reads no clock, opens no file and no connection, and knows
// neither tokens nor sockets. What it remembers are the rates that callers have
// used up. The zero value of every verdict is a refusal.
//
// A Table never changes and is safe to share; a reload makes a new one. A
// Request views bytes of its owner, and no function here keeps any of them.
package policy
