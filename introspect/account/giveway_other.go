//go:build !linux

package account

import "runtime"

// giveWay lets other goroutines run.
func giveWay() { runtime.Gosched() }
