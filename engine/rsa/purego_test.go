//go:build purego

package rsa

const purego = true
