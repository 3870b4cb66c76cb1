package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// probe tells the frame around the report what only a browser knows.
const probe = `<script>
const canvases = [...document.querySelectorAll("figure .plot canvas")];
parent.postMessage({
  drawn: document.documentElement.dataset.drawn, plots: canvases.length,
  blank: canvases.filter(c => !c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some(v => v)).length,
  width: innerWidth, overflow: document.documentElement.scrollWidth - innerWidth,
  background: getComputedStyle(document.body).backgroundColor,
}, "*");
</script>`

// frame shows the report as wide as a window cannot be made, and keeps what the
// probe says in its own attributes.
const frame = `<!DOCTYPE html><html><head><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<script>addEventListener("message", e => Object.assign(document.documentElement.dataset, e.data))</script></head>
<body style="margin:0"><iframe src="report.html" style="border:0;width:%dpx;height:6200px"></iframe></body></html>`

// A browser draws every figure without a complaint, wide and narrow, in the
// light and in the dark, and nothing is wider than the window. TOLLGATE_REQUIRE_CHROMIUM=1
// forbids the skip; `go test -artifacts` keeps the pictures.
func TestInChromium(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("TOLLGATE_REQUIRE_CHROMIUM") == "1" {
			t.Fatal("TOLLGATE_REQUIRE_CHROMIUM=1, and there is no chromium here")
		}
		t.Skip("there is no chromium here, so nobody has looked at the report")
	}
	s := Build(synthetic(usual()))
	html, err := s.HTML()
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{"tail", "rate", "queue", "distance", "hits", "tokens", "chain", "stall"}
	if len(s.Figures) != len(wanted) {
		t.Fatalf("%d figures, want %v", len(s.Figures), wanted)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "report.html"), append(html, probe...), 0o644); err != nil {
		t.Fatal(err)
	}
	pictures := t.ArtifactDir()
	for _, scheme := range []struct{ name, flag, background string }{
		{"light", "1", "rgb(255, 255, 255)"}, {"dark", "0", "rgb(22, 22, 24)"},
	} {
		for _, width := range []int{1280, 400} {
			name := fmt.Sprintf("%d-%s", width, scheme.name)
			page := filepath.Join(dir, name+".html")
			if err := os.WriteFile(page, fmt.Appendf(nil, frame, width), 0o644); err != nil {
				t.Fatal(err)
			}
			dom, log := browse(t, browser, "--dump-dom", page, width, scheme.flag)
			for line := range strings.Lines(log) {
				if strings.Contains(line, "CONSOLE") {
					t.Errorf("%s: the console says %s", name, strings.TrimSpace(line))
				}
			}
			data := map[string]string{}
			for _, m := range regexp.MustCompile(`data-(\w+)="([^"]*)"`).FindAllStringSubmatch(dom[:strings.Index(dom, "<head")], -1) {
				data[m[1]] = m[2]
			}
			want := map[string]string{
				"drawn": fmt.Sprint(len(wanted)), "plots": fmt.Sprint(len(wanted)), "blank": "0", "overflow": "0",
				"width": fmt.Sprint(width), "background": scheme.background,
			}
			for key, v := range want {
				if data[key] != v {
					t.Errorf("%s: %s is %q, want %q", name, key, data[key], v)
				}
			}
			browse(t, browser, "--screenshot="+filepath.Join(pictures, name+".png"), page, width, scheme.flag)
		}
	}
	for _, id := range wanted {
		if !strings.Contains(string(html), `id="figure-`+id+`"`) {
			t.Errorf("no figure %s", id)
		}
	}
}

// browse runs the browser once and returns what it printed and what it logged.
func browse(t *testing.T, browser, what, page string, width int, scheme string) (out, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
		"--user-data-dir="+t.TempDir(), "--blink-settings=preferredColorScheme="+scheme,
		fmt.Sprintf("--window-size=%d,6200", width), what, "file://"+page)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%.2000s", err, stderr.String())
	}
	return stdout.String(), stderr.String()
}
