package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The README quotes the newest recorded runs, to the digit.
func TestReadmeIsFresh(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("../..")
	want, err := replaced(string(text), "results")
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != want {
		t.Error("README.md does not quote the newest runs: make readme")
	}
}

func TestReplaced(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "summary.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"2026-01-01-ed25519": `{"Processes":[{"Backend":"ancient","Rows":[]}]}`,
		"2026-01-02-ed25519": `{"Processes":[{"Backend":"b","Rows":[{"Name":"crypto/ed25519","Min":40000},{"Name":"tollgate b","Min":4000},{"Name":"tollgate b, batch of 64","Min":2000}]}]}`,
		"2026-01-01-tokens":  `{"groups":[{"Alg":"EdDSA","Path":"cold","Rows":[{"Name":"tollgate","Min":5000},{"Name":"slow","Min":60000},{"Name":"quick","Min":50000},{"Name":"signature alone, x","Min":1}]}]}`,
		"2026-01-01-gateway": `{"rate":6000,"rows":[{"Name":"reference","Paced":{"Cost":[80,90,85]},"Full":{"Rate":[100,110]}},{"Name":"tollgate jwt","Paced":{"Cost":[7]},"Full":{"Rate":[8]}},{"Name":"nginx","Paced":{"Cost":[1]},"Full":{"Rate":[2]}}]}`,
		"2026-01-01-first":   `{"modes":[{"name":"jwt","capacity":{"value":9,"low":8,"high":10}},{"name":"opaque"},{"name":"jwt+cache"},{"name":"opaque+cache"}]}`,
	} {
		write(name, text)
	}
	got, err := replaced("above\n"+begin+"stale\n"+end+"below\n", dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"above\n" + begin, end + "below\n", "| 4 µs | crypto/ed25519 40 µs: 0.1 times |",
		"quick 50 µs, the fastest of the peers: 10 times ours", "9 (8 to 10)",
		"| CPU of the gateway a request at 6000/s, jwt | 7 µs | a plain fasthttp proxy 85 µs |", "| requests a second at most, jwt | 8 | a plain fasthttp proxy 105 |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "stale") || strings.Contains(got, "ancient") {
		t.Errorf("what was there before, or an older run, is still in\n%s", got)
	}
	write("2026-01-01-ed25519-avx2", `{"Processes":[{"Backend":"avx2","Rows":[{"Name":"crypto/ed25519","Min":60000},{"Name":"tollgate avx2","Min":6000},{"Name":"tollgate avx2, batch of 64","Min":3000}]},{"Backend":"other"}]}`)
	if got, err = replaced(begin+end, dir); err != nil {
		t.Fatal(err)
	}
	if want := "| an Ed25519 signature, avx2 | 6 µs | crypto/ed25519 60 µs: 0.1 times | [run]("; !strings.Contains(got, want) || strings.Contains(got, "other") {
		t.Errorf("no %q, or another backend of that run, in\n%s", want, got)
	}
	full := `{"run":{"plan":{"sweeps":[{"phase":"lag"},{"phase":"modes","rate":2000}]}},"modes":[{"name":"jwt","quantiles_us":{"p50":{"value":70,"low":60,"high":80},"p99":null}},{"name":"opaque","quantiles_us":{"p50":{"value":90,"low":80,"high":100},"p99":null}},{"name":"jwt+cache"},{"name":"opaque+cache"}]}`
	write("2026-01-01-full", full)
	if got, err = replaced(begin+end, dir); err != nil {
		t.Fatal(err)
	}
	if want := "| median response time at 2000/s, jwt | 70 (60 to 80) µs | opaque 90 (80 to 100) µs | [run]("; !strings.Contains(got, want) ||
		strings.Contains(got, "99th") || strings.Contains(got, "-first") {
		t.Errorf("no %q, or more than is to be quoted, in\n%s", want, got)
	}
	if _, err := replaced("no marks", dir); err == nil || !strings.Contains(err.Error(), "made by `make readme`") {
		t.Errorf("without marks: %v", err)
	}
}
