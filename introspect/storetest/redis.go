package storetest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// Redis is a server of the test's own, with its data in a folder.
type Redis struct {
	Dir  string
	port int
	cmd  *exec.Cmd
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
	s := &Redis{Dir: t.TempDir(), port: freePort(t), args: args}
	s.Start(t)
	t.Cleanup(func() { s.Kill(t) })
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

// Start starts it again after Kill.
func (s *Redis) Start(t *testing.T) {
	t.Helper()
	args := append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(s.port), "--dir", s.Dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always"}, s.args...)
	s.cmd = exec.Command(install(t), args...)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if s.answers() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the server does not answer")
}

func (s *Redis) answers() bool {
	c, err := net.DialTimeout("tcp", s.Address(), time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	var reply [7]byte
	c.SetDeadline(time.Now().Add(time.Second))
	fmt.Fprint(c, "PING\r\n")
	n, _ := c.Read(reply[:])
	return string(reply[:n]) == "+PONG\r\n" // not -LOADING
}

// Kill ends the server as kill -9 does.
func (s *Redis) Kill(t *testing.T) {
	if err := s.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	s.cmd.Wait()
}

// Address is where it listens.
func (s *Redis) Address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }
