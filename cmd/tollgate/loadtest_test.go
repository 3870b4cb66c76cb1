package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tollgate/tollgate/loadtest/poll"
)

func TestLoadtestScripts(t *testing.T) {
	if !poll.Supported {
		t.Skip(poll.ErrUnsupported)
	}
	testscript.Run(t, script("testdata/loadtest", "jwt"))
}
