// Package edge is a client's connection: it reads requests strictly, has each
// decided on, and forwards it or has the gateway's own endpoints answer it.
//
//	s := edge.New(edge.Config{…}, settings)
//	err := s.Serve(ctx, listener) // until ctx ends, then drains
//
// A fasthttp.Server owns the listener and the goroutines. Each connection that
// it gets is a lane, whose Read does the work below it:
//
//	lane      reads a head, which package internal/wire accepts or refuses
//	exchange  decides: policy.Table, and an Authenticator for who is asking
//	forward   sends the request on and relays the answer, bytes as they came
//	endpoint  or: writes the request anew for fasthttp, and lets Read return
//
// So fasthttp reads the requests for the gateway's own endpoints alone, one at
// a time, in a form that has one reading; everything else is served below it.
// On a plain socket all requests of a connection are served within one call of
// syscall.RawConn.Read, which saves system calls and turns of the scheduler.
//
// Status codes and error names are chosen in outcome.go alone. What a reload
// may change is one immutable Settings behind an atomic pointer, loaded once
// for each request.
package edge
