// Package guard makes memory for tests of code that must not read or write
// beyond what it is given.
package guard
