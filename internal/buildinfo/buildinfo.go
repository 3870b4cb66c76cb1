// Package buildinfo says which version of the program this binary is.
package buildinfo

import "runtime/debug"

// commit is set by the linker where the build is made with make. Otherwise the
// commit is what go build recorded.
var commit string

// Read returns the version and the commit of this binary. Neither is empty.
func Read() (version, built string) {
	version, built = "(devel)", commit
	info, ok := debug.ReadBuildInfo()
	if ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	if ok && built == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				built = s.Value
			}
		}
	}
	if built == "" {
		built = "unknown"
	}
	return version, built
}
