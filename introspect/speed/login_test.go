package speed

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// BenchmarkIntrospectionBesideLogins reports the rate and the times of
// introspections over 8 connections, without logins and with 200 in flight all
// the time, turn by turn, and the memory that the service came to.
func BenchmarkIntrospectionBesideLogins(b *testing.B) {
	const rounds, turn, logins = 5, 2 * time.Second, 200
	r := servers(b)
	login := fmt.Appendf(nil, `{"id":"alice","password":%q}`, password)
	login = fmt.Appendf(nil, "POST /login HTTP/1.1\r\nHost: as.example\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(login), login)
	req := introspection(r.Secret, r.Token)
	_, before := r.usage(b)
	var quiet, busy [][]time.Duration
	var done, refused atomic.Int64
	for b.Loop() {
		for range rounds {
			quiet = append(quiet, timed(b, r.Service, req, turn))
			stop := make(chan struct{})
			var all sync.WaitGroup
			for range logins {
				all.Go(func() { keepAsking(b, r.Service, login, stop, &done, &refused) })
			}
			time.Sleep(turn / 4) // until all are in the queue
			busy = append(busy, timed(b, r.Service, req, turn))
			close(stop)
			all.Wait()
		}
	}
	_, after := r.usage(b)
	q, w := slices.Concat(quiet...), slices.Concat(busy...)
	slices.Sort(q)
	slices.Sort(w)
	report := func(name string, part int) {
		b.ReportMetric(ms(q[len(q)*part/1000]), "ms/"+name+"-quiet")
		b.ReportMetric(ms(w[len(w)*part/1000]), "ms/"+name+"-logins")
	}
	report("p50", 500)
	report("p99", 990)
	b.ReportMetric(float64(len(q))/(rounds*turn.Seconds()), "introspections/s-quiet")
	b.ReportMetric(float64(len(w))/(rounds*turn.Seconds()), "introspections/s-logins")
	b.ReportMetric(float64(len(q))/float64(len(w)), "times-slower")
	b.ReportMetric(float64(done.Load()), "logins")
	b.ReportMetric(float64(refused.Load()), "logins-refused")
	b.ReportMetric(float64(before)/1024, "MiB-before")
	b.ReportMetric(float64(after)/1024, "MiB-most")
}

// timed asks over 8 connections for as long as a turn takes, and returns how
// long each answer took.
func timed(b *testing.B, address string, req []byte, turn time.Duration) []time.Duration {
	took := make([][]time.Duration, 8)
	end := time.Now().Add(turn)
	var all sync.WaitGroup
	for i := range took {
		all.Go(func() {
			asking(b, address, func(ask func([]byte) int) {
				for begin := time.Now(); begin.Before(end); begin = time.Now() {
					if status := ask(req); status != 200 {
						b.Errorf("introspection is answered %d", status)
						return
					}
					took[i] = append(took[i], time.Since(begin))
				}
			})
		})
	}
	all.Wait()
	return slices.Concat(took...)
}

func keepAsking(b *testing.B, address string, req []byte, stop <-chan struct{}, done, refused *atomic.Int64) {
	asking(b, address, func(ask func([]byte) int) {
		for {
			select {
			case <-stop:
				return
			default:
			}
			switch status := ask(req); status {
			case 200:
				done.Add(1)
			case 503:
				refused.Add(1)
				time.Sleep(100 * time.Millisecond)
			default:
				b.Errorf("login is answered %d", status)
				return
			}
		}
	})
}

// asking calls f with what sends a request over one connection and returns the
// status of its answer, or 0.
func asking(b *testing.B, address string, f func(ask func([]byte) int)) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Error(err)
		return
	}
	defer c.Close()
	in := bufio.NewReaderSize(c, 4096)
	var resp fasthttp.Response
	f(func(req []byte) int {
		if _, err := c.Write(req); err != nil {
			b.Error(err)
			return 0
		}
		if err := resp.Read(in); err != nil {
			b.Error(err)
			return 0
		}
		return resp.StatusCode()
	})
}
