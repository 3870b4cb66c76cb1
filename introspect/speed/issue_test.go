package speed

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkDurableIssue reports how many opaque tokens a second clients obtain
// by client_credentials, each synced to disk before it is answered.
func BenchmarkDurableIssue(b *testing.B) {
	r := servers(b)
	req := request("/oauth2/token", r.Secret, "grant_type=client_credentials")
	rate := func(clients, each int) float64 {
		begin := time.Now()
		if err := load(r.Service, req, clients, each); err != nil {
			b.Fatal(err)
		}
		return float64(clients*each) / time.Since(begin).Seconds()
	}
	rate(64, 20)
	for b.Loop() {
		rates := map[int][]float64{}
		for range 5 {
			rates[1] = append(rates[1], rate(1, 200))
			rates[64] = append(rates[64], rate(64, 150))
			rates[256] = append(rates[256], rate(256, 60))
		}
		for clients, v := range rates {
			b.ReportMetric(median(v), fmt.Sprintf("tokens/s-%d-clients", clients))
		}
		b.ReportMetric(median(rates[64])/median(rates[1]), "ratio-64-to-1")
	}
}
