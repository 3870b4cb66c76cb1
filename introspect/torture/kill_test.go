package torture

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

var (
	kills = flag.Int("kills", 3, "how often the service is killed")
	ready = flag.Duration("ready", 20*time.Second, "how long the service may take to be ready again")
)

const workers = 16

// ledger is what the service has acknowledged, over all its lives.
type ledger struct {
	mu       sync.Mutex
	start    time.Time
	live     []string       // access tokens that nobody has tried to revoke
	dead     []string       // access tokens that were revoked
	accepted map[string]int // how often a refresh token has worked
	history  []porcupine.Operation
	open     []*session // at rest: their workers ended with the service
	faults   []string
	calls    int // calls recorded or tokens issued
}

// session is one login, used by one worker at a time.
type session struct {
	id      string
	access  string
	refresh string
	used    string // the refresh token before, or empty
}

func (l *ledger) now() int64 { return int64(time.Since(l.start)) }

func (l *ledger) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

// record adds one call to the history. One without an answer may take effect
// until the service is dead, which is before anything that begins later.
func (l *ledger) record(client int, in input, call int64, out output) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	l.history = append(l.history, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: l.now()})
}

// await waits until n more calls have been made, however slow the machine is.
func (l *ledger) await(n int) {
	count := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.calls
	}
	for enough, end := count()+n, time.Now().Add(20*time.Second); count() < enough && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
}

// TestKill is the torture.
func TestKill(t *testing.T) {
	srv := newServer(t)
	l := &ledger{start: time.Now(), accepted: map[string]int{}}
	srv.start(t)
	random := rand.New(rand.NewPCG(1, 2))
	for n := range *kills {
		clients := make([]*http.Client, workers)
		var all sync.WaitGroup
		for i := range clients {
			clients[i] = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
			all.Go(func() { l.work(srv, clients[i], i, rand.New(rand.NewPCG(uint64(n), uint64(i)))) })
		}
		l.await(50)
		time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
		srv.kill()
		all.Wait()
		srv.start(t)
		l.settle(srv)
		l.verify(srv, 200)
		if t.Failed() || len(l.faults) > 0 {
			break
		}
	}
	l.verify(srv, len(l.live)+len(l.dead))
	for _, f := range l.faults {
		t.Error(f)
	}
	for token, n := range l.accepted {
		if n > 1 {
			t.Errorf("refresh token %.12s… worked %d times", token, n)
		}
	}
	if got := porcupine.CheckOperationsTimeout(newModel(false), l.history, time.Minute); got != porcupine.Ok {
		t.Errorf("the histories of the sessions are %s", got)
	}
	if srv.slowest > *ready {
		t.Errorf("the slowest start took %v", srv.slowest)
	}
	if len(l.live) == 0 || len(l.dead) == 0 || len(l.accepted) == 0 {
		t.Error("too little was acknowledged to show anything")
	}
	t.Logf("%d kills: %d tokens issued and %d revoked, %d refreshes, %d calls in histories; slowest start %v",
		*kills, len(l.live)+len(l.dead), len(l.dead), len(l.accepted), len(l.history), srv.slowest.Round(time.Millisecond))
}

// work uses the service until it does not answer.
func (l *ledger) work(srv *server, c *http.Client, client int, random *rand.Rand) {
	s, err := l.session(srv, c, client)
	for err == nil {
		switch n := random.IntN(100); {
		case n < 50:
			err = l.issue(srv, c, random.IntN(2) == 0)
		case n < 80:
			err = l.refresh(srv, c, client, s)
		case n < 95:
			err = l.ask(srv, c, client, s)
		default:
			if n < 97 {
				err = l.pair(srv, c, client, s, random)
			} else {
				err = l.revoke(srv, c, client, s, s.access)
			}
			if err == nil {
				if err = l.ask(srv, c, client, s); err == nil {
					s, err = l.session(srv, c, client)
				}
			}
		}
	}
	if err != errUnknown {
		l.fault("%v", err)
	}
	if s != nil {
		l.mu.Lock()
		l.open = append(l.open, s)
		l.mu.Unlock()
	}
}

// session is one that is at rest, or a new one.
func (l *ledger) session(srv *server, c *http.Client, client int) (*session, error) {
	l.mu.Lock()
	if n := len(l.open); n > 0 {
		s := l.open[n-1]
		l.open = l.open[:n-1]
		l.mu.Unlock()
		return s, nil
	}
	l.mu.Unlock()
	return l.login(srv, c, client)
}

// pair makes two calls at the same time that each may end the session, while a
// third one introspects it.
func (l *ledger) pair(srv *server, c *http.Client, client int, s *session, random *rand.Rand) error {
	calls := []func(c *http.Client, client int, s *session) error{
		func(c *http.Client, client int, s *session) error { return l.refresh(srv, c, client, s) },
		func(c *http.Client, client int, s *session) error { return l.revoke(srv, c, client, s, s.access) },
		func(c *http.Client, client int, s *session) error { return l.revoke(srv, c, client, s, s.refresh) },
		func(c *http.Client, client int, s *session) error {
			if s.used != "" {
				s.refresh = s.used
			}
			return l.refresh(srv, c, client, s)
		},
	}
	first, second := calls[random.IntN(len(calls))], calls[random.IntN(len(calls))]
	copies := [2]session{*s, *s}
	errs := make(chan error, 2)
	go func() { errs <- second(http.DefaultClient, workers+client, &copies[0]) }()
	go func() {
		var err error
		for n := 0; n < 4 && err == nil; n++ {
			err = l.ask(srv, http.DefaultClient, 2*workers+client, &copies[1])
		}
		errs <- err
	}()
	err := first(c, client, s)
	return cmp.Or(err, <-errs, <-errs)
}

func (l *ledger) login(srv *server, c *http.Client, client int) (*session, error) {
	call := l.now()
	status, got, err := srv.post(c, "/login", url.Values{"id": {"alice"}, "password": {password}})
	if err != nil {
		return nil, err
	}
	if status != 200 {
		return nil, fmt.Errorf("login: %d %v", status, got)
	}
	s := &session{access: got["access_token"].(string), refresh: got["refresh_token"].(string)}
	s.id = s.access
	l.record(client, input{s.id, opBegin, ""}, call, output{ok: true, next: s.refresh})
	return s, nil
}

// issue obtains a client's token, and revokes it if told to.
func (l *ledger) issue(srv *server, c *http.Client, revoke bool) error {
	status, got, err := srv.post(c, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}})
	if err != nil {
		return err
	}
	if status != 200 {
		return fmt.Errorf("issue: %d %v", status, got)
	}
	token := got["access_token"].(string)
	if revoke {
		if status, got, err = srv.post(c, "/oauth2/revoke", url.Values{"token": {token}}); err != nil {
			return err // neither: nobody knows whether it is revoked
		}
		if status != 200 {
			return fmt.Errorf("revoke: %d %v", status, got)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if revoke {
		l.dead = append(l.dead, token)
	} else {
		l.live = append(l.live, token)
	}
	return nil
}

func (l *ledger) refresh(srv *server, c *http.Client, client int, s *session) error {
	call := l.now()
	in := input{s.id, opRefresh, s.refresh}
	status, got, err := srv.post(c, "/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.refresh}})
	switch {
	case err != nil:
		l.record(client, in, call, output{unknown: true})
		return err
	case status == 200:
		l.mu.Lock()
		l.accepted[s.refresh]++
		l.mu.Unlock()
		s.used, s.refresh, s.access = s.refresh, got["refresh_token"].(string), got["access_token"].(string)
		l.record(client, in, call, output{ok: true, next: s.refresh})
	case status == 400 && got["error"] == "invalid_grant":
		l.record(client, in, call, output{})
	default:
		return fmt.Errorf("refresh: %d %v", status, got)
	}
	return nil
}

// revoke ends the session by one of its tokens.
func (l *ledger) revoke(srv *server, c *http.Client, client int, s *session, token string) error {
	call := l.now()
	status, got, err := srv.post(c, "/oauth2/revoke", url.Values{"token": {token}})
	if err == nil && status != 200 {
		return fmt.Errorf("revoke: %d %v", status, got)
	}
	l.record(client, input{s.id, opRevoke, token}, call, output{ok: err == nil, unknown: err != nil})
	return err
}

func (l *ledger) ask(srv *server, c *http.Client, client int, s *session) error {
	call := l.now()
	active, err := srv.active(c, s.access)
	if err == nil {
		l.record(client, input{s.id, opAsk, s.access}, call, output{ok: active})
	}
	return err
}

func (srv *server) active(c *http.Client, token string) (bool, error) {
	status, got, err := srv.post(c, "/oauth2/introspect", url.Values{"token": {token}})
	if err == nil && status != 200 {
		err = fmt.Errorf("introspect: %d %v", status, got)
	}
	return got["active"] == true, err
}

// settle asks after the sessions that were in use when the service was killed:
// whether their tokens are active, and whether their refresh tokens still work.
// Those that do are used again.
func (l *ledger) settle(srv *server) {
	var usable []*session
	for _, s := range l.open {
		before := s.refresh
		for _, step := range []func() error{
			func() error { return l.ask(srv, http.DefaultClient, 3*workers, s) },
			func() error { return l.refresh(srv, http.DefaultClient, 3*workers, s) },
			func() error { return l.ask(srv, http.DefaultClient, 3*workers, s) },
		} {
			if err := step(); err != nil {
				l.fault("after the restart: %v", err)
			}
		}
		if s.refresh != before {
			usable = append(usable, s)
		}
	}
	l.open = usable
}

// verify asks for the last n tokens of each kind.
func (l *ledger) verify(srv *server, n int) {
	for kind, tokens := range map[bool][]string{true: l.live, false: l.dead} {
		for _, token := range tokens[max(0, len(tokens)-n):] {
			active, err := srv.active(http.DefaultClient, token)
			if err != nil {
				l.fault("after the restart: %v", err)
			} else if active != kind {
				l.fault("token %.12s… is active: %v, not %v", token, active, kind)
			}
		}
	}
}
