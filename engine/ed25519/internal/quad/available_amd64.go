//go:build !purego

package quad

import "golang.org/x/sys/cpu"

// Available reports whether the processor has AVX2, and the system keeps its
// registers.
var Available = cpu.X86.HasAVX2
