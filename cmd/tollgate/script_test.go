package main

import (
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts run the binary itself: this test program is it, when it is
// called by that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tollgate": main})
}

// script is how every script is run; MODE is in its environment.
func script(dir, mode string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			all := processes{}
			env.Values[processesKey] = all
			env.Values[sameKey] = map[string]string{}
			env.Values[answerKey] = &answered{}
			env.Vars = append(env.Vars, "MODE="+mode)
			env.Defer(func() {
				if err := all.endAll(); err != nil {
					env.T().Log(err)
				}
			})
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return cond == mode, nil
		},
		Deadline: time.Now().Add(3 * time.Minute), // for what should have ended and did not
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"body":   cmdBody,
			"exit":   cmdExit,
			"hangup": cmdHangup,
			"header": cmdHeader,
			"http":   cmdHTTP,
			"json":   cmdJSON,
			"login":  cmdLogin,
			"mint":   cmdMint,
			"mode":   cmdMode,
			"ports":  cmdPorts,
			"raw":    cmdRaw,
			"same":   cmdSame,
			"says":   cmdSays,
			"secret": cmdSecret,
			"serve":  cmdServe,
			"status": cmdStatus,
			"edit":   cmdEdit,
			"end":    cmdEnd,
			"fill":   cmdFill,
			"orders": cmdOrders,
			"within": cmdWithin,
		},
	}
}

func TestScripts(t *testing.T) { testscript.Run(t, script("testdata", "")) }

// The whole pattern is run in every mode, by the same scripts.
func TestModes(t *testing.T) {
	for _, mode := range []string{"jwt", "opaque", "phantom"} {
		t.Run(mode, func(t *testing.T) { testscript.Run(t, script("testdata/modes", mode)) })
	}
}
