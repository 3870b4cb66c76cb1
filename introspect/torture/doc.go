// Package torture kills the security service while it works and holds it to
// what it had acknowledged. It has tests alone:
//
//	go test ./introspect/torture -run TestKill -timeout 30m -kills 200 -ready 2s
//
// The service runs in a process of its own, the test's program started again.
// The test is the other process: it logs in, issues, refreshes, introspects
// and revokes from many connections, writes down every acknowledgement, ends
// the service with SIGKILL, starts it again on the same folder, and compares.
// After each kill, and at the end for everything:
//
//   - no acknowledged token is unknown,
//   - no revoked token is active,
//   - no refresh token has worked twice,
//   - the service is ready again within -ready,
//   - the history of each session, calls without an answer included, is one
//     that a store doing one thing after another could have produced
//     (checked with porcupine).
//
// TestPairs needs no kills: it makes calls that end one session at the same time,
// on every store, and checks the histories in the same way.
//
// What SIGKILL cannot show, since the operating system keeps what was written,
// the tests of package pebble do with a file system that forgets what was not
// synced.
package torture
