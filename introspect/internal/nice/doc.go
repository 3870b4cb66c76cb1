// Package nice gives way to other processes.
package nice
