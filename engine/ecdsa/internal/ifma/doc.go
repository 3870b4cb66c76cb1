// Package ifma does the point arithmetic of P-256 on eight points at once, with
// AVX-512 IFMA: limb i of all eight numbers in one vector, radix 2^52.
//
// It needs tables in the format of package point, and computes what that package
// does. The assembly is written by the generator in engine/ecdsa/_asm, which says
// how limbs stay within their bounds. Like everything here it is variable time.
//
// On processors or systems without these instructions [Available] is false and
// nothing else in the package may be called.
package ifma

//go:generate go run -C ../../_asm . -file point -out ../internal/ifma/point_amd64.s -stubs ../internal/ifma/point_amd64.go -pkg ifma
