package introspect

import (
	"net/url"
	"slices"
	"strings"
)

// targets are the audiences of a token: those asked for with resource
// (RFC 8707, section 2) and audience (RFC 8693, section 2.1), which may both
// be repeated, or all of may where none is. It is never one that is not in may.
func targets(f form, may []string) ([]string, error) {
	asked := f.all("resource")
	for _, r := range asked {
		if u, err := url.Parse(r); err != nil || !u.IsAbs() || strings.Contains(r, "#") {
			return nil, invalidTarget("resource must be an absolute URI without a fragment")
		}
	}
	asked = append(asked, f.all("audience")...)
	if len(asked) == 0 {
		return may, nil
	}
	var granted []string
	for _, want := range asked {
		if !slices.Contains(may, want) {
			return nil, invalidTarget("resource or audience goes beyond what may be granted")
		}
		if !slices.Contains(granted, want) {
			granted = append(granted, want)
		}
	}
	return granted, nil
}
