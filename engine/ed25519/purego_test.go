//go:build purego

package ed25519

const purego = true
