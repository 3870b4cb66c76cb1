package introspect

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/exposition/promtool"
	"github.com/tollgate/tollgate/introspect/store"
)

// metric is the value of a metric, or 0 where it has not been counted yet.
func (f *fixture) metric(name string) float64 {
	f.t.Helper()
	var text bytes.Buffer
	f.svc.metrics.write(&text)
	lines := strings.Split(text.String(), "\n")
	i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, name+" ") })
	if i < 0 {
		return 0
	}
	v, err := strconv.ParseFloat(lines[i][len(name)+1:], 64)
	if err != nil {
		f.t.Fatal(err)
	}
	return v
}

func TestStoreOperationsAreTimed(t *testing.T) {
	cfg := quick(t)
	cfg.Tokens.Format = FormatOpaque
	cfg.Store.SweepEvery = 100 * time.Millisecond
	f := start(t, cfg)
	grown := func(operation string, call func()) {
		t.Helper()
		name := `tollgate_store_seconds_count{operation="` + operation + `"}`
		before := f.metric(name)
		call()
		if after := f.metric(name); after <= before {
			t.Errorf("%s went from %v to %v", name, before, after)
		}
	}
	var access, refresh string
	grown("issue", func() { access, refresh = f.mustLogin() })
	grown("lookup", func() { f.active(access) })
	grown("rotate", func() { f.refresh(refresh) })
	grown("revoke", func() { f.post("/oauth2/revoke", []string{"token", access}, f.asGateway()) })
	for deadline := time.Now().Add(time.Minute); f.metric(`tollgate_store_seconds_count{operation="sweep"}`) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no sweep was timed")
		}
	}
}

// A follower that comes late is seen to have been behind; one that is new, or
// has missed nothing, is not.
func TestFeedLagIsMeasured(t *testing.T) {
	f := start(t, quick(t))
	follow := func(cursor string) string {
		t.Helper()
		return f.send("GET", "/revocations?wait=0&after="+cursor, "", "", f.asGateway()).text(t, "next")
	}
	next := follow(follow(""))
	if n := f.metric(`tollgate_feed_lag_events_count`); n != 0 {
		t.Errorf("%v followers were behind before there was an event", n)
	}
	for _, id := range []string{"one", "two", "three"} {
		ev := store.Event{Kind: store.KindToken, ID: id, Expires: time.Now().Unix() + 3600}
		if err := f.svc.store.Revoke(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
	}
	const late = 50 * time.Millisecond
	time.Sleep(late)
	follow("")
	follow(follow(next))
	for name, want := range map[string]float64{
		`tollgate_feed_lag_events_count`: 1, `tollgate_feed_lag_events_sum`: 3, `tollgate_feed_lag_seconds_count`: 1,
	} {
		if got := f.metric(name); got != want {
			t.Errorf("%s is %v, not %v", name, got, want)
		}
	}
	if got := f.metric(`tollgate_feed_lag_seconds_sum`); got < late.Seconds() {
		t.Errorf("a follower that came %v late was %v s behind", late, got)
	}
}

// Prometheus' own tool finds nothing wrong with the metrics, and histograms
// have the buckets that its functions need.
func TestMetricsPassPromtool(t *testing.T) {
	f := start(t, quick(t))
	f.mustLogin()
	f.send("GET", "/nowhere", "", "")
	f.send("POST", "/oauth2/token", "", "")
	var page bytes.Buffer
	f.svc.metrics.write(&page)
	for _, want := range []string{
		"# TYPE tollgate_request_seconds histogram\n",
		"# TYPE tollgate_hashing_processes_lost_total counter\n",
		`tollgate_request_seconds_bucket{route="/login",le="+Inf"} 1` + "\n",
		`tollgate_build_info{version="`,
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the metrics have no %q", want)
		}
	}
	if strings.Contains(page.String(), "vmrange") {
		t.Error("a histogram has buckets that only VictoriaMetrics reads")
	}
	promtool.Check(t, page.String())
}
