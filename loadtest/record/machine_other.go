//go:build !linux

package record

import "runtime"

// ThisMachine describes the machine it runs on, as far as a system on which
// nothing is recorded needs it.
func ThisMachine() Machine {
	return Machine{Cores: runtime.NumCPU(), Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
}
