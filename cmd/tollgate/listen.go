package main

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// listen opens a TCP listener. The error says which setting to change, for it
// is read by whoever started the command.
func listen(address, setting string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program; stop it, or choose another address with %s", address, setting)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("no permission to listen on %s; choose another address with %s", address, setting)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is no address of this machine; choose another with %s", address, setting)
	}
	return nil, fmt.Errorf("cannot listen on %q; mend %s: %w", address, setting, err)
}
