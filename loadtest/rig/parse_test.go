package rig

import (
	"strings"
	"testing"
)

func TestParseMetrics(t *testing.T) {
	m, err := parseMetrics("# HELP x\n\na_total 3\nb{path=\"/a b\",x=\"y\"} 2.5\nc 1e3\n")
	if err != nil || m["a_total"] != 3 || m[`b{path="/a b",x="y"}`] != 2.5 || m["c"] != 1000 || len(m) != 3 {
		t.Errorf("%v, %v", m, err)
	}
	f := func(text, want string) {
		t.Helper()
		if _, err := parseMetrics(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	f("alone\n", `metrics: a line without a value: "alone"`)
	f("a x\n", `metrics: "a x": strconv.ParseFloat`)
}

func TestParseTicks(t *testing.T) {
	// user nice system idle iowait irq softirq steal guest guest_nice
	before, err := parseTicks([]byte("cpu  100 0 50 800 10 0 20 20 90 0\ncpu0 1\n"))
	if err != nil || before.Total != 1000 || before.Steal != 20 {
		t.Errorf("%+v, %v", before, err)
	}
	after, err := parseTicks([]byte("cpu  150 0 50 820 10 0 20 50 90 0\n"))
	if err != nil || after.StealSince(before) != 0.3 {
		t.Errorf("%+v, %v: %v of 100 ticks were stolen", after, err, after.StealSince(before))
	}
	if before.StealSince(before) != 0 {
		t.Error("in no time something was stolen")
	}
	for _, bad := range []string{"", "intr 1", "cpu 1 2 3", "cpu a b c d e f g h"} {
		if _, err := parseTicks([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestCountsAddUp(t *testing.T) {
	a := Counts{1, 2, 3, 4, 5}
	a.Add(Counts{10, 20, 30, 40, 50})
	if a != (Counts{11, 22, 33, 44, 55}) || a.Sub(Counts{10, 20, 30, 40, 50}) != (Counts{1, 2, 3, 4, 5}) {
		t.Errorf("%+v", a)
	}
}

// Addresses handed out together differ.
func TestFreePorts(t *testing.T) {
	ports, err := freePorts(8)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range ports {
		if seen[p] || !strings.HasPrefix(p, "127.0.0.1:") {
			t.Errorf("%v", ports)
		}
		seen[p] = true
	}
}
