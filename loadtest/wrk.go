package loadtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"github.com/tollgate/tollgate/loadtest/generator"
)

// mostOfWrk is how much processor time a request may cost, in wrk's.
const mostOfWrk = 1.1

// wrkCount is wrk's line that counts its requests.
var wrkCount = regexp.MustCompile(`(?m)^\s*(\d+) requests in `)

// againstWrk compares processor time a request in a closed loop with that of
// wrk, in turns, by the least of each: what else the machine does only adds.
func (t *selftest) againstWrk(ctx context.Context) error {
	const name = "processor time a request against wrk's"
	path, err := exec.LookPath("wrk")
	if err != nil {
		fmt.Fprintf(t.w, "skip  %-46s wrk is not installed\n", name)
		return nil
	}
	ours, theirs := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	for range 4 {
		res, err := t.run(ctx, generator.Config{Connections: 64, Duration: 2 * sec})
		if err != nil {
			return err
		}
		ours = min(ours, res.CPU/time.Duration(max(1, res.Sent)))
		w, err := t.wrk(ctx, path)
		if err != nil {
			return err
		}
		theirs = min(theirs, w)
	}
	ratio := float64(ours) / float64(theirs)
	t.check(name, ratio <= mostOfWrk, "%v against %v: %.2f times (must be at most %.1f)", ours, theirs, ratio, mostOfWrk)
	return nil
}

// wrk runs it with one thread and returns its processor time a request.
func (t *selftest) wrk(ctx context.Context, path string) (time.Duration, error) {
	target, err := t.rig.Target(ctx)
	if err != nil {
		return 0, err
	}
	defer t.rig.Stop(target.Process)
	cmd := exec.CommandContext(ctx, path, "-t1", "-c64", "-d2s", target.URL()+"/")
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("wrk: %w", err)
	}
	m := wrkCount.FindSubmatch(out.Bytes())
	if m == nil {
		return 0, errors.New("wrk did not say how many requests it made")
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil || n == 0 {
		return 0, fmt.Errorf("wrk made %q requests", m[1])
	}
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()) / time.Duration(n), nil
}
