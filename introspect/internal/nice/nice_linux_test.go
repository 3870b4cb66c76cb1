package nice

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// TestMain is, where it is told to be, a process of many threads that gives way
// and then says the nice value of each.
func TestMain(m *testing.M) {
	if os.Getenv("TOLLGATE_NICE") == "" {
		os.Exit(m.Run())
	}
	threads := func(n int) {
		for range n {
			started := make(chan struct{})
			go func() {
				runtime.LockOSThread()
				close(started)
				select {}
			}()
			<-started
		}
	}
	threads(10)
	if err := Set(5); err != nil {
		fmt.Println(err)
	}
	threads(10)
	dirs, err := os.ReadDir("/proc/self/task")
	if err != nil {
		fmt.Println(err)
	}
	for _, d := range dirs {
		stat, err := os.ReadFile("/proc/self/task/" + d.Name() + "/stat")
		if err != nil {
			fmt.Println(err)
			continue
		}
		_, fields, _ := strings.Cut(string(stat), ") ")
		fmt.Println(strings.Fields(fields)[16]) // nice, the 19th of proc_pid_stat(5)
	}
}

func TestEveryThreadGivesWay(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TOLLGATE_NICE=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	values := strings.Fields(string(out))
	if len(values) < 20 {
		t.Errorf("%d threads, want 20 and more: %q", len(values), out)
	}
	for _, v := range values {
		if v != "5" {
			t.Fatalf("a thread has %q, want 5; all of them: %q", v, values)
		}
	}
}
