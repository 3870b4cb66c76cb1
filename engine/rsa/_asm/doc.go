// The generator of the assembly of engine/rsa, a module of its own so that avo
// is nobody's dependency: go generate ./engine/rsa runs it.
package main
