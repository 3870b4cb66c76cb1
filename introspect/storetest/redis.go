package storetest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Redis is a server of the test's own, with its data in a folder.
type Redis struct {
	Dir  string
	port int
	cmd  *exec.Cmd // nil while it is not running
	args []string
}

// install returns the server's program; without one the test is skipped, or
// fails where TOLLGATE_REQUIRE_REDIS is 1.
func install(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("TOLLGATE_REQUIRE_REDIS") == "1" {
		t.Fatal("neither redis-server nor valkey-server is installed, and TOLLGATE_REQUIRE_REDIS is 1")
	}
	t.Skip("neither redis-server nor valkey-server is installed")
	return ""
}

// StartRedis starts a server that syncs what it acknowledges.
func StartRedis(t *testing.T, args ...string) *Redis {
	t.Helper()
	s := newRedis(t, append(slices.Clone(syncing), args...)...)
	s.Start(t)
	return s
}

// newRedis is a server that has not been started yet. What runs when the test ends
// is killed then.
func newRedis(t *testing.T, args ...string) *Redis {
	s := &Redis{Dir: t.TempDir(), port: freePort(t), args: args}
	t.Cleanup(func() {
		if s.cmd != nil {
			s.Kill(t)
		}
	})
	return s
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Start starts it, at first or after Kill.
func (s *Redis) Start(t *testing.T) {
	t.Helper()
	s.launch(t)
	for range 500 {
		if reply, err := s.Do("PING"); err == nil && reply == "PONG" { // not -LOADING
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the server does not answer")
}

// launch starts it and does not wait until it answers.
func (s *Redis) launch(t *testing.T) {
	t.Helper()
	port := "--port"
	if slices.Contains(s.args, "--tls-cert-file") {
		port = "--tls-port"
	}
	args := s.args
	if strings.HasPrefix(args[0], "--") {
		args = append([]string{"--bind", "127.0.0.1", port, strconv.Itoa(s.port), "--dir", s.Dir}, args...)
	}
	s.cmd = exec.Command(install(t), args...)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// Do has the server carry out a command, and returns its reply as text, with spaces
// between the elements of an array.
func (s *Redis) Do(command ...string) (string, error) {
	c, err := net.DialTimeout("tcp", s.Address(), time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(c, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(c, "$%d\r\n%s\r\n", len(word), word)
	}
	return readReply(bufio.NewReader(c))
}

func readReply(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	kind, rest := line[0], line[1:]
	if kind == '-' {
		return "", errors.New(rest)
	}
	if kind != '$' && kind != '*' {
		return rest, nil
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n < 0 {
		return "", err
	}
	if kind == '$' {
		text := make([]byte, n+2)
		_, err = io.ReadFull(r, text)
		return string(text[:n]), err
	}
	elements := make([]string, n)
	for i := range elements {
		if elements[i], err = readReply(r); err != nil {
			return "", err
		}
	}
	return strings.Join(elements, " "), nil
}

// must is Do for what has to work.
func (s *Redis) must(t *testing.T, command ...string) string {
	t.Helper()
	reply, err := s.Do(command...)
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	return reply
}

// Info is a field of what the server tells about itself, or empty.
func (s *Redis) Info(section, field string) string { return s.Field(field, "INFO", section) }

// Field is a field of a reply that consists of lines name:value, or empty.
func (s *Redis) Field(field string, command ...string) string {
	text, err := s.Do(command...)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), field+":"); ok {
			return value
		}
	}
	return ""
}

// Kill ends the server as kill -9 does.
func (s *Redis) Kill(t *testing.T) {
	if err := s.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	s.cmd.Wait()
	s.cmd = nil
}

// Address is where it listens.
func (s *Redis) Address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// StartTLSRedis starts a server that speaks TLS alone, and wants a certificate of its
// clients that ca has signed.
func StartTLSRedis(t *testing.T, ca, cert, key string) *Redis {
	t.Helper()
	s := newRedis(t, "--save", "", "--port", "0", "--tls-ca-cert-file", ca, "--tls-cert-file", cert, "--tls-key-file", key)
	s.launch(t)
	await(t, "the server listens", func() bool {
		c, err := net.Dial("tcp", s.Address())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return s
}
