package gateway

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A body as people write it: with line feeds, an empty line, and what looks like
// the end of a head.
const strangersBody = "{\n  \"item\": \"tea\"\n}\r\n\r\nX: y\n"

// Clients that nobody here wrote send a body and log in. Each prints the body of
// the answer, in which the upstream repeats what it was sent.
func TestStrangeClients(t *testing.T) {
	w := newWorld(t, ModeJWT, nil)
	token := w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	url := "http://" + w.public + "/orders"
	f := func(name, program string, args ...string) {
		t.Run(name, func(t *testing.T) {
			path := installed(t, program)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			began := time.Now()
			out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			got := strings.TrimSuffix(string(out), "(print)\n")
			if !strings.HasPrefix(got, "POST /orders") || !strings.HasSuffix(got, "\n\n"+strangersBody) && !strings.HasSuffix(got, "\n\n"+strangersBody+"\n") || !strings.Contains(got, "X-Auth-Subject: customer-1\r\n") {
				t.Errorf("after %v: %q, want what POST /orders was sent as customer-1, with the body %q", time.Since(began), got, strangersBody)
			}
		})
	}
	auth := "Authorization: Bearer " + token
	f("curl", "curl", "-sS", "-H", auth, "--data-binary", strangersBody, url)
	f("curl that waits for 100", "curl", "-sS", "-H", auth, "-H", "Expect: 100-continue", "--data-binary", strangersBody, url)
	f("curl with chunks", "curl", "-sS", "-H", auth, "-H", "Transfer-Encoding: chunked", "--data-binary", strangersBody, url)
	f("curl of 1.0", "curl", "-sS", "--http1.0", "-H", auth, "--data-binary", strangersBody, url)
	python := func(lines ...string) []string {
		head := []string{"import http.client, urllib.request, sys",
			fmt.Sprintf("body=%q.encode()", strangersBody), fmt.Sprintf("headers={'Authorization':'Bearer %s'}", token)}
		return []string{"-c", strings.Join(append(head, lines...), "\n")}
	}
	f("http.client", "python3", python(
		fmt.Sprintf("c=http.client.HTTPConnection(%q)", w.public),
		"for i in range(3):",
		"  c.request('POST','/orders',body,headers)",
		"  answer=c.getresponse().read()",
		"sys.stdout.buffer.write(answer)")...)
	f("http.client, chunked", "python3", python(
		fmt.Sprintf("c=http.client.HTTPConnection(%q)", w.public),
		"c.request('POST','/orders',iter([body[:5],body[5:]]),headers,encode_chunked=True)",
		"sys.stdout.buffer.write(c.getresponse().read())")...)
	f("urllib", "python3", python(
		fmt.Sprintf("r=urllib.request.Request(%q,body,headers)", url),
		"sys.stdout.buffer.write(urllib.request.urlopen(r).read())")...)
	f("fetch", "node", "-e", fmt.Sprintf(
		"const o={method:'POST',body:%q,headers:{Authorization:'Bearer %s'}};(async()=>{let a;for(let i=0;i<3;i++)a=await(await fetch(%q,o)).text();process.stdout.write(a)})()", strangersBody, token, url))
	t.Run("net/http", func(t *testing.T) {
		res := w.send("POST", "/orders", strings.NewReader(strangersBody), "Authorization", "Bearer "+token)
		if res.StatusCode != 200 || !strings.HasSuffix(res.body, "\n\n"+strangersBody) {
			t.Errorf("%d %q", res.StatusCode, res.body)
		}
	})
}

// Upstreams that nobody here wrote: of HTTP/1.0, which closes behind every
// answer, and of several ways to frame one.
func TestStrangeUpstreams(t *testing.T) {
	dir := t.TempDir()
	page := strings.Repeat("a line of the page\n", 2000)
	written(t, dir, "page.txt", page)
	f := func(name, program string, args func(addr string) []string) {
		t.Run(name, func(t *testing.T) {
			path := installed(t, program)
			_, port, _ := strings.Cut(unused(t), ":")
			addr := "127.0.0.1:" + port
			w := newWorld(t, ModeJWT, func(c *Config) {
				c.Routes = []Route{{Prefix: "/", Upstream: "http://" + addr, Public: true}}
			})
			cmd := exec.Command(path, args(addr)...)
			cmd.Dir = dir
			w.behind(cmd, addr)
			for range 5 {
				w.gets(200, "/page.txt")
				if res := w.gets(200, "/page.txt"); res.body != page {
					t.Errorf("the page has %d bytes, want %d", len(res.body), len(page))
				}
				if res := w.do("HEAD", "/page.txt"); res.StatusCode != 200 || res.ContentLength > 0 && res.ContentLength != int64(len(page)) {
					t.Errorf("HEAD: %d, length %d", res.StatusCode, res.ContentLength)
				}
				w.gets(404, "/nothing")
			}
		})
	}
	f("http.server", "python3", func(addr string) []string {
		return []string{"-m", "http.server", "--bind", "127.0.0.1", strings.TrimPrefix(addr, "127.0.0.1:")}
	})
	f("node", "node", func(addr string) []string {
		return []string{"-e", fmt.Sprintf(`const fs=require('fs');require('http').createServer((q,s)=>{
			if(q.url!=='/page.txt'){s.statusCode=404;return s.end('no')}
			fs.createReadStream('page.txt').pipe(s)}).listen(%s,'127.0.0.1')`, strings.TrimPrefix(addr, "127.0.0.1:"))}
	})
	f("nginx", "nginx", func(addr string) []string {
		conf := written(t, dir, "nginx.conf", fmt.Sprintf(`daemon off; master_process off; pid %[1]s/nginx.pid; error_log /dev/null; worker_processes 1; events {}
http { access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
server { listen %[2]s; root %[1]s; } }`, dir, addr))
		return []string{"-p", dir, "-c", conf}
	})
}
