// Package quad adds points from tables four at a time with AVX2, one in each
// 64-bit lane, for processors without AVX-512 IFMA.
//
// The lanes of a [Point] are four partial sums of one verification: each takes
// every fourth window.
//
// The assembly is written by the generator in engine/ed25519/_asm, which says
// why it does what it does. Like everything here it is variable time.
package quad

//go:generate go run -C ../../_asm . -file quad -out ../internal/quad/point_amd64.s -stubs ../internal/quad/point_amd64.go -pkg quad
