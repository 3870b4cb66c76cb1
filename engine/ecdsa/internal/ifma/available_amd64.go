//go:build !purego

package ifma

import "golang.org/x/sys/cpu"

// Available reports whether the processor has all that the assembly uses, and
// the system keeps its registers: x/sys/cpu looks at XCR0 before it believes in
// any part of AVX-512.
var Available = cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW &&
	cpu.X86.HasAVX512IFMA && cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512VBMI2
