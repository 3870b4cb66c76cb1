// Package ifma does eight things at once with AVX-512 IFMA: field arithmetic,
// additions of points from tables, and SHA-512, one in each 64-bit lane.
//
// The lanes of a [Point] are eight points. They are eight partial sums of one
// verification, or one sum each of eight verifications: the code is the same,
// only which window of which table a lane reads differs.
//
// The assembly is written by the generator in engine/ed25519/_asm, which says
// why it does what it does. Like everything here it is variable time.
package ifma

//go:generate go run -C ../../_asm . -file point -out ../internal/ifma/point_amd64.s -stubs ../internal/ifma/point_amd64.go -pkg ifma
//go:generate go run -C ../../_asm . -file scalar -out ../internal/ifma/scalar_amd64.s -stubs ../internal/ifma/scalar_amd64.go -pkg ifma
//go:generate go run -C ../../_asm . -file sha512 -out ../internal/ifma/sha512_amd64.s -stubs ../internal/ifma/sha512_amd64.go -pkg ifma
