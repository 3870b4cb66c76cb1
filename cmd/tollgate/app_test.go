package main

import (
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/tollgate/tollgate/internal/node"
)

//go:embed testdata/app.mjs
var appWalk string

// What dev offers to a browser: the example application and the login page,
// through the gateway, in each mode.
func TestDevInChromium(t *testing.T) {
	node.Need(t, "playwright-core")
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("TOLLGATE_REQUIRE_CHROMIUM") != "" {
			t.Fatal("TOLLGATE_REQUIRE_CHROMIUM=1, and there is no chromium here")
		}
		t.Skip("there is no chromium here, so nobody has logged in with a browser")
	}
	for _, mode := range []string{"jwt", "opaque"} {
		t.Run(mode, func(t *testing.T) {
			data := t.TempDir()
			said, stop := startDev(t, data, "--mode", mode)
			defer stop()
			m := regexp.MustCompile(`(?m)^  (http://\S+)/app/$`).FindStringSubmatch(said)
			if m == nil {
				t.Fatalf("dev offers no application to log in to:\n%s", said)
			}
			text, err := os.ReadFile(filepath.Join(data, "demo.json"))
			if err != nil {
				t.Fatal(err)
			}
			accounts := map[string]string{}
			if err := json.Unmarshal(text, &accounts); err != nil {
				t.Fatal(err)
			}
			node.Run(t, appWalk, "GATEWAY="+m[1], "PASSWORD="+accounts["customer-1"], "CHROMIUM="+chromium, "PICTURES="+os.Getenv("TOLLGATE_PICTURES"))
		})
	}
}
