//go:build !linux

package poll

// Supported says whether this system has what a Poller needs.
const Supported = false
