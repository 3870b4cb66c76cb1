// Command asm writes the assembly of engine/jwt with avo.
//
// It is a module of its own so that the generator stays out of the library's
// dependencies. `go generate ./engine/jwt` runs it; its output is committed, and
// `make generated` checks that it is current.
package main
