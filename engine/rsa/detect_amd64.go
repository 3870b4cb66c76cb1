//go:build !purego

package rsa

import "golang.org/x/sys/cpu"

// x/sys/cpu looks at XCR0 before it believes in any part of AVX-512.
func detect() []backend {
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512IFMA {
		return []backend{avx512ifma, generic}
	}
	return []backend{generic}
}

// mul sets z to x*y/R modulo N; see mul40. All are of the modulus's size.
func (m *modulus) mul(z, x, y *number) {
	switch m.limbs {
	case 40:
		mul40((*[40]uint64)(z[:]), (*[40]uint64)(x[:]), (*[40]uint64)(y[:]), (*[80]uint64)(m.n[:]))
	case 64:
		mul64((*[64]uint64)(z[:]), (*[64]uint64)(x[:]), (*[64]uint64)(y[:]), (*[128]uint64)(m.n[:]))
	case 80:
		mul80((*[80]uint64)(z[:]), (*[80]uint64)(x[:]), (*[80]uint64)(y[:]), (*[160]uint64)(m.n[:]))
	}
}
