// Package promtool has Prometheus' own tool judge metrics, for tests.
package promtool

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Check fails t where promtool finds anything wrong with text, a metrics page,
// or where a metric of Tollgate has no help of its own. It skips t where
// promtool is not installed, unless TOLLGATE_REQUIRE_PROMTOOL is set.
func Check(t *testing.T, text string) {
	t.Helper()
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "# HELP tollgate_") && strings.Contains(line, "A figure of the Go runtime") {
			t.Errorf("metric without help: %s", line)
		}
	}
	path, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("TOLLGATE_REQUIRE_PROMTOOL") != "" {
			t.Fatalf("promtool is required: %v", err)
		}
		t.Skip("promtool is not installed: apt-get install prometheus")
	}
	cmd := exec.Command(path, "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
