//go:build !amd64 || purego

package rsa

func detect() []backend { return []backend{generic} }

func (m *modulus) mul(z, x, y *number) { panic("BUG: there is no assembly here") }
