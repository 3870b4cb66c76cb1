// Command asm writes the assembly of engine/ecdsa with avo.
//
// It is a module of its own so that the generator stays out of the library's
// dependencies. `go generate ./engine/ecdsa/...` runs it; its output is
// committed, and `make generated` checks that it is current.
package main
