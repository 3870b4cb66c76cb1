package delay

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// through starts an echo server with a proxy before it and returns the proxy and
// a connection through both.
func through(t *testing.T) (*Proxy, net.Conn) {
	t.Helper()
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { echo.Close() })
	go func() {
		for {
			c, err := echo.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(c, c); c.Close() }()
		}
	}()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := New(l, echo.Addr().String())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return p, c
}

func roundTrip(t *testing.T, c net.Conn) time.Duration {
	t.Helper()
	start := time.Now()
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

// A round trip is never shorter than what was set.
func TestDelays(t *testing.T) {
	p, c := through(t)
	roundTrip(t, c)
	for _, want := range []time.Duration{time.Millisecond, 20 * time.Millisecond, 0} {
		p.Set(want)
		if got := roundTrip(t, c); got < want {
			t.Errorf("set to %v, a round trip took %v", want, got)
		}
	}
}

// Delays are pipelined: fifty messages 2 ms apart through a round trip of 200 ms
// take a little over 300, not 50 times 200.
func TestPipelined(t *testing.T) {
	p, c := through(t)
	p.Set(200 * time.Millisecond)
	start := time.Now()
	go func() {
		for range 50 {
			c.Write([]byte("x"))
			time.Sleep(2 * time.Millisecond)
		}
	}()
	if _, err := io.ReadFull(c, make([]byte, 50)); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("took %v", d)
	}
}

// Bytes come out as they went in, also when nobody reads for a while.
func TestBytes(t *testing.T) {
	p, c := through(t)
	p.Set(time.Millisecond)
	sent := make([]byte, 8<<20)
	rand.Read(sent)
	go c.Write(sent)
	time.Sleep(100 * time.Millisecond)
	got := make([]byte, len(sent))
	if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d of %d bytes, %v, or others", n, len(sent), err)
	}
}

// Through a stall nothing passes; what was sent meanwhile arrives afterwards.
func TestStall(t *testing.T) {
	p, c := through(t)
	roundTrip(t, c)
	p.Stall(300 * time.Millisecond)
	if d := roundTrip(t, c); d < 290*time.Millisecond {
		t.Errorf("answered after %v, within the stall", d)
	}
	if d := roundTrip(t, c); d > 250*time.Millisecond {
		t.Errorf("after the stall a round trip takes %v", d)
	}
}

func TestControl(t *testing.T) {
	p, c := through(t)
	var out strings.Builder
	if err := p.Control(strings.NewReader("set 30ms\nstall 0s\n"), &out); err != nil || out.String() != "set 30ms\nstall 0s\n" {
		t.Errorf("%v, %q", err, out.String())
	}
	if d := roundTrip(t, c); d < 30*time.Millisecond {
		t.Errorf("a round trip took %v", d)
	}
	for in, want := range map[string]string{
		"jump 3s\n": `unknown command "jump"`,
		"set 3\n":   `command "set": time: missing unit in duration "3"`,
	} {
		if err := p.Control(strings.NewReader(in), &out); err == nil || err.Error() != want {
			t.Errorf("%q: %v", in, err)
		}
	}
}
