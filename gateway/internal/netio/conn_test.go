package netio

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// pair is a connection and its other end.
func pair(t *testing.T) (*Conn, *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, _ := ln.Accept()
		accepted <- c
	}()
	near, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far := <-accepted
	t.Cleanup(func() { near.Close(); far.Close() })
	far.SetDeadline(time.Now().Add(10 * time.Second))
	return New(near), far.(*net.TCPConn)
}

// secure is pair with TLS.
func secure(t *testing.T) (*Conn, *tls.Conn) {
	t.Helper()
	near, far := pair(t)
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	server := tls.Server(far, &tls.Config{Certificates: s.TLS.Certificates})
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	client := tls.Client(near.Conn, &tls.Config{RootCAs: roots, ServerName: "example.com"})
	shaken := make(chan error, 1)
	go func() { shaken <- server.Handshake() }()
	if err := errors.Join(client.Handshake(), <-shaken); err != nil {
		t.Fatal(err)
	}
	return New(client), server
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

// A write goes out whole, however little the socket takes at once.
func TestPartialWrites(t *testing.T) {
	near, far := pair(t)
	sent := make([]byte, 32<<20)
	for i := range sent {
		sent[i] = byte(i * i >> 8)
	}
	failed := make(chan error, 1)
	go func() {
		n, err := near.Write(sent)
		if err == nil && n != len(sent) {
			err = io.ErrShortWrite
		}
		near.Close()
		failed <- err
	}()
	got, err := io.ReadAll(far)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes of %d, %v", len(got), len(sent), err)
	}
	if err := <-failed; err != nil {
		t.Error(err)
	}
}

// A read waits for the first byte and says when there is none to come.
func TestRead(t *testing.T) {
	near, far := pair(t)
	go func() {
		time.Sleep(20 * time.Millisecond) // the read has found nothing by then
		far.Write([]byte("abc"))
	}()
	p := make([]byte, 10)
	if n, err := near.Read(p); err != nil || string(p[:n]) != "abc" {
		t.Errorf("%q, %v", p[:n], err)
	}
	far.CloseWrite()
	if n, err := near.Read(p); n != 0 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
}

func TestExchange(t *testing.T) {
	near, far := pair(t)
	p := make([]byte, 100)
	for range 3 {
		go func() {
			b := make([]byte, 3)
			io.ReadFull(far, b)
			far.Write(append([]byte("re: "), b...))
		}()
		if n, err := near.Exchange([]byte("abc"), p, true); err != nil || string(p[:n]) != "re: abc" {
			t.Fatalf("%q, %v", p[:n], err)
		}
	}
}

// Nothing is sent on a connection on which the peer has spoken, or that it has
// closed, or that a deadline has expired.
func TestExchangeStale(t *testing.T) {
	f := func(what string, happens func(near *Conn, far *net.TCPConn)) {
		t.Helper()
		near, far := pair(t)
		happens(near, far)
		if n, err := near.Exchange([]byte("abc"), make([]byte, 100), true); !errors.Is(err, ErrStale) {
			t.Errorf("%s: %d, %v", what, n, err)
		}
		near.Close()
		if b, _ := io.ReadAll(far); len(b) > 0 {
			t.Errorf("%s: %q was sent", what, b)
		}
	}
	f("spoken", func(near *Conn, far *net.TCPConn) {
		far.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		eventually(t, "not quiet", func() bool { return !near.Quiet() })
	})
	f("closed", func(near *Conn, far *net.TCPConn) {
		far.CloseWrite()
		eventually(t, "gone", near.Gone)
	})
	f("expired", func(near *Conn, _ *net.TCPConn) { near.KickRead() })
}

func TestQuietAndGone(t *testing.T) {
	near, far := pair(t)
	if !near.Quiet() || near.Gone() {
		t.Error("at first")
	}
	far.Write([]byte("x"))
	eventually(t, "not quiet", func() bool { return !near.Quiet() })
	if near.Gone() {
		t.Error("gone, while it has only spoken")
	}
	far.Close()
	eventually(t, "gone, though a byte is unread", near.Gone)
}

// Over TLS too: a second record, read with the first or not, and the end.
func TestQuietTLS(t *testing.T) {
	f := func(what string, quiet bool, says ...string) {
		t.Helper()
		near, far := secure(t)
		p := make([]byte, 2)
		go func() {
			io.ReadFull(far, make([]byte, 3))
			far.Write([]byte("ok"))
		}()
		if n, err := near.Exchange([]byte("abc"), p, false); err != nil || string(p[:n]) != "ok" {
			t.Fatalf("%q, %v", p[:n], err)
		}
		for _, s := range says {
			far.Write([]byte(s))
		}
		if !quiet {
			eventually(t, what, func() bool { return !near.Quiet() })
			return
		}
		for range 3 {
			if !near.Quiet() {
				t.Error(what)
			}
		}
		go func() {
			io.ReadFull(far, make([]byte, 3))
			far.Write([]byte("go"))
		}()
		if n, err := near.Exchange([]byte("abc"), p, true); err != nil || string(p[:n]) != "go" {
			t.Errorf("%q, %v", p[:n], err)
		}
	}
	f("quiet", true)
	f("spoken", false, "more")
	near, far := secure(t)
	p := make([]byte, 1)
	go far.Write([]byte("xyz"))
	if n, err := near.Read(p); err != nil || n != 1 {
		t.Fatal(err)
	}
	if near.Quiet() {
		t.Error("quiet with half a record left")
	}
	near, far = secure(t)
	far.Close()
	eventually(t, "gone", near.Gone)
	if n, err := near.Exchange([]byte("abc"), p, true); !errors.Is(err, ErrStale) {
		t.Errorf("%d, %v", n, err)
	}
}

// Every byte comes to step, whatever the sizes of what is sent.
func TestServe(t *testing.T) {
	near, far := pair(t)
	w := NewWatchdog()
	defer w.Stop()
	w.Add(near)
	go func() {
		for i := range 100 {
			far.Write(bytes.Repeat([]byte{byte(i)}, 1+i*37%500))
			if i%10 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		far.CloseWrite()
	}()
	buf := make([]byte, 64)
	var got []byte
	var last error
	err := near.Serve(func() []byte { return buf }, func(n int, err error) bool {
		got = append(got, buf[:n]...)
		last = err
		near.ExpireRead(w.Now() + time.Hour.Milliseconds())
		return err == nil
	})
	if errors.Is(err, os.ErrDeadlineExceeded) { // the watchdog has seen the end
		err, last = nil, io.EOF
	}
	var want []byte
	for i := range 100 {
		want = append(want, bytes.Repeat([]byte{byte(i)}, 1+i*37%500)...)
	}
	if err != nil || last != io.EOF || !bytes.Equal(got, want) {
		t.Errorf("%v, %v, %d bytes of %d", err, last, len(got), len(want))
	}
}

// Deadlines pass, in both directions, and can be taken back.
func TestDeadlines(t *testing.T) {
	w := NewWatchdog()
	defer w.Stop()
	near, far := pair(t)
	w.Add(near)
	p := make([]byte, 10)
	near.ExpireRead(w.Now() + 1)
	if _, err := near.Read(p); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	near.Revive(time.Time{})
	far.Write([]byte("a"))
	if n, err := near.Read(p); err != nil || n != 1 {
		t.Errorf("revived: %d, %v", n, err)
	}
	near.ExpireWrite(w.Now() + 1)
	if n, err := near.Write(make([]byte, 64<<20)); !errors.Is(err, os.ErrDeadlineExceeded) || n == 64<<20 {
		t.Errorf("write: %d, %v", n, err)
	}
	// what is taken back of reading leaves writing as it was
	near.Revive(time.Time{})
	near.ExpireRead(w.Now() + 1)
	near.ExpireWrite(w.Now() + 2*Tick.Milliseconds())
	if _, err := near.Read(p); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	near.ReviveRead()
	far.Write([]byte("c"))
	if n, err := near.Read(p); err != nil || n != 1 {
		t.Errorf("revived for reading: %d, %v", n, err)
	}
	if n, err := near.Write(make([]byte, 64<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write beside it: %d, %v", n, err)
	}
	// an exchange waits for two things: for room, of which there is not so much,
	near.Revive(time.Time{})
	much := make([]byte, 64<<20)
	near.ExpireWrite(w.Now() + Tick.Milliseconds())
	if n, err := near.Exchange(much, p, false); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("exchange without room: %d, %v", n, err)
	}
	// and for an answer
	silent, _ := pair(t)
	w.Add(silent)
	silent.ExpireRead(w.Now() + Tick.Milliseconds())
	if n, err := silent.Exchange([]byte("x"), p, false); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("exchange without an answer: %d, %v", n, err)
	}
	w.Remove(silent)
	near.Revive(time.Time{})
	w.Remove(near)
	// not watched any more
	near.Revive(time.Time{})
	near.ExpireRead(1)
	now := w.Now()
	eventually(t, "two ticks", func() bool { return w.Now() >= now+2*Tick.Milliseconds() })
	far.Write([]byte("b"))
	if n, err := near.Read(p); err != nil || n != 1 {
		t.Errorf("unwatched: %d, %v", n, err)
	}
}

// A kick ends a call that is waiting, from another goroutine.
func TestKick(t *testing.T) {
	near, _ := pair(t)
	done := make(chan error, 1)
	go func() {
		_, err := near.Read(make([]byte, 1))
		done <- err
	}()
	time.Sleep(10 * time.Millisecond)
	near.Kick()
	if err := <-done; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}
