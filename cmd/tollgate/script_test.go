package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts run the binary itself: this test program is it, when it is
// called by that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tollgate": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit": cmdExit,
			"mint": cmdMint,
		},
	})
}
