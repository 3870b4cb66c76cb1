//go:build !unix

package nice

import "errors"

// Set gives the whole process the nice value n, from 1 to 19, where there is
// such a thing.
func Set(n int) error { return errors.ErrUnsupported }
