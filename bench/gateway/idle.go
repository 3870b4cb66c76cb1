package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// idleMemory opens connections that make one request each and then wait, and
// prints what they cost the gateway.
func (w *world) idleMemory(rows []*row) error {
	fmt.Printf("%d idle connections, one request each\n\n", w.idle)
	for i, r := range rows {
		if i > 0 && r.admin == "" {
			continue // peers divide their memory among processes
		}
		before, err := resident(r.pid)
		if err != nil {
			return err
		}
		g, err := dial(r.addr, w.idle)
		if err != nil {
			return err
		}
		buf := make([]byte, 16<<10)
		for i, c := range g.conns {
			if err := roundTrip(c, r.tokens[i%len(r.tokens)], buf); err != nil {
				g.close()
				return fmt.Errorf("%s: %w", r.Name, err)
			}
		}
		time.Sleep(3 * time.Second)
		after, err := resident(r.pid)
		g.close()
		if err != nil {
			return err
		}
		fmt.Printf("%-24s %6.1f MiB, %5.1f KiB a connection\n", r.Name, float64(after)/(1<<20), float64(after-before)/float64(w.idle)/(1<<10))
	}
	return nil
}

// resident is the memory of a process in bytes.
func resident(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	var size, pages int64
	if _, err := fmt.Fscan(strings.NewReader(string(b)), &size, &pages); err != nil {
		return 0, err
	}
	return pages * int64(os.Getpagesize()), nil
}
