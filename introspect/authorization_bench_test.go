package introspect

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/oauth2"
)

// BenchmarkCodeExchange reports how many codes a second applications exchange,
// from 256 connections, with Pebble: each code is used up, and each session with
// its refresh token is on disk, before the answer. It reports as well what a
// code costs to get by a browser that is logged in. Processor time is that of
// service and clients together.
func BenchmarkCodeExchange(b *testing.B) {
	cfg := quick(b)
	cfg.Store.Kind = StorePebble
	s := newSiteWith(b, cfg)
	// By EdDSA: RS256 costs a signature of a millisecond more.
	shop, err := s.svc.store.Client(b.Context(), "shop")
	if err != nil {
		b.Fatal(err)
	}
	next := *shop
	next.IDTokenAlg = "EdDSA"
	if err := s.svc.store.PutClient(b.Context(), &next, shop); err != nil {
		b.Fatal(err)
	}
	person := s.browser()
	person.login(person.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))))
	site, err := url.Parse(s.url)
	if err != nil {
		b.Fatal(err)
	}
	var cookies []string
	for _, c := range person.http.Jar.Cookies(site) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	http := &fasthttp.HostClient{Addr: site.Host, MaxConns: 256}
	verifier := oauth2.GenerateVerifier()
	q := url.Values{
		"client_id": {"shop"}, "redirect_uri": {shopCallback}, "response_type": {"code"}, "scope": {"openid offline_access"}, "state": {"s"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}
	const connections, each = 256, 40
	codes := make([]string, connections*each)
	for b.Loop() {
		cpu, begin := processorTime(), time.Now()
		inParallel(b, connections, func(i int) error {
			for j := range each {
				code, err := authorizeOnce(http, strings.Join(cookies, "; "), q)
				if err != nil {
					return err
				}
				codes[i*each+j] = code
			}
			return nil
		})
		b.ReportMetric(float64(len(codes))/time.Since(begin).Seconds(), "codes/s")
		b.ReportMetric(float64(processorTime()-cpu)/1e3/float64(len(codes)), "cpu-µs/code")
		cpu, begin = processorTime(), time.Now()
		inParallel(b, connections, func(i int) error {
			for j := range each {
				if err := exchangeOnce(http, codes[i*each+j], verifier); err != nil {
					return err
				}
			}
			return nil
		})
		b.ReportMetric(float64(len(codes))/time.Since(begin).Seconds(), "exchanges/s")
		b.ReportMetric(float64(processorTime()-cpu)/1e3/float64(len(codes)), "cpu-µs/exchange")
	}
}

func processorTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func inParallel(b *testing.B, n int, f func(i int) error) {
	b.Helper()
	var all sync.WaitGroup
	var failed atomic.Pointer[error]
	for i := range n {
		all.Go(func() {
			if err := f(i); err != nil {
				failed.Store(&err)
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
}

// authorizeOnce has a browser that is logged in get a code.
func authorizeOnce(c *fasthttp.HostClient, cookies string, q url.Values) (string, error) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI("http://" + c.Addr + "/oauth2/authorize?" + q.Encode())
	req.Header.Set("Cookie", cookies)
	if err := c.Do(req, resp); err != nil {
		return "", err
	}
	to, err := url.Parse(string(resp.Header.Peek("Location")))
	if err != nil || to.Query().Get("code") == "" {
		return "", fmt.Errorf("status %d, to %v (%v): no code", resp.StatusCode(), to, err)
	}
	return to.Query().Get("code"), nil
}

func exchangeOnce(c *fasthttp.HostClient, code, verifier string) error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI("http://" + c.Addr + "/oauth2/token")
	req.Header.SetMethod("POST")
	req.Header.SetContentType("application/x-www-form-urlencoded")
	req.SetBodyString(url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"shop"}, "redirect_uri": {shopCallback}, "code": {code}, "code_verifier": {verifier},
	}.Encode())
	if err := c.Do(req, resp); err != nil {
		return err
	}
	if resp.StatusCode() != 200 {
		return fmt.Errorf("status %d: %s", resp.StatusCode(), resp.Body())
	}
	return nil
}
