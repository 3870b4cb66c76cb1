//go:build !unix

package account

func lowerPriority() {}
