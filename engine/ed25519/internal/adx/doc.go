// Package adx inverts modulo p with BMI2 and ADX: shifts by any register, and
// products that keep two chains of carries.
//
// The assembly is written by the generator in engine/ed25519/_asm, which says
// why it does what it does. Like everything here it is variable time.
package adx

//go:generate go run -C ../../_asm . -file invert -out ../internal/adx/invert_amd64.s -stubs ../internal/adx/invert_amd64.go -pkg adx
