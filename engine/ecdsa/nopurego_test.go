//go:build !purego

package ecdsa

const purego = false
