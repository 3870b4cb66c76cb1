//go:build !purego

package adx

import "golang.org/x/sys/cpu"

// Available reports whether the processor has all that the assembly uses.
var Available = cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasADX
