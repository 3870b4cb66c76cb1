package introspect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/admin"
	"github.com/tollgate/tollgate/introspect/store"
)

func (f *fixture) loginJSON(body string) reply {
	f.t.Helper()
	return f.send("POST", "/login", "application/json", body)
}

func TestLoginTakesFormAndJSON(t *testing.T) {
	f := start(t, quick(t))
	f.want(f.login("alice", alicePassword), 200, "")
	f.want(f.loginJSON(`{"id":"alice","password":"`+alicePassword+`"}`), 200, "")
	f.want(f.loginJSON(" {\"password\":\"correct\\u0020horse battery staple\",\"id\":\"alice\",\"remember\":true}\n"), 200, "")
}

func TestLoginRefusesOtherBodies(t *testing.T) {
	f := start(t, quick(t))
	for _, body := range []string{
		"", "null", "[]", `"alice"`, "{", `{"id":"alice"`, `{"id":"alice","password":"x"}x`, `{"id":"alice","password":"x"}{}`,
		`{"id":"alice","id":"alice","password":"x"}`, `{"id":"alice","password":"x","password":"y"}`,
		`{"id":1,"password":"x"}`, `{"id":"alice","password":["x"]}`, `{"id":"alice","password":null}`,
		`{"id":"alice"}`, `{"password":"x"}`, `{"id":"","password":"x"}`, `{"id":"alice","password":""}`,
	} {
		if r := f.loginJSON(body); r.status != 400 || r.text(t, "error") != "invalid_request" {
			t.Errorf("%s is answered %d %s", body, r.status, r.body)
		}
	}
	f.want(f.login(strings.Repeat("a", 256), "x"), 400, "invalid_request")
	f.want(f.login("alice", strings.Repeat("x", account.MaxPassword+1)), 400, "invalid_request")
	f.want(f.send("POST", "/login?id=alice&password=x", "application/x-www-form-urlencoded", ""), 400, "invalid_request")
}

// Unknown, mistaken and disabled cannot be told apart by the answer.
func TestLoginRefusalsAreTheSame(t *testing.T) {
	f := start(t, quick(t))
	if _, err := f.svc.Admin().AddUser(t.Context(), admin.NewUser{ID: "bob", Password: []byte("secret")}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.svc.Admin().DisableUser(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	first := f.login("alice", "wrong")
	f.want(first, 401, "invalid_grant")
	for _, r := range []reply{f.login("nobody", "wrong"), f.login("bob", "secret"), f.login("bob", "wrong"), f.login("a b", "x")} {
		r.header.Del("Date")
		first.header.Del("Date")
		if r.status != first.status || r.body != first.body || fmt.Sprint(r.header) != fmt.Sprint(first.header) {
			t.Errorf("%d %v %s and %d %v %s", r.status, r.header, r.body, first.status, first.header, first.body)
		}
	}
}

// Whether somebody exists does not show in the number of hashes computed, and
// so not in the time.
func TestUnknownUserCostsAHash(t *testing.T) {
	f := start(t, quick(t))
	hashes := func(id string) time.Duration {
		least := time.Hour
		for range 15 {
			begin := time.Now()
			f.login(id, "wrong")
			least = min(least, time.Since(begin))
			f.advance(time.Hour) // so that no limit is reached
		}
		return least
	}
	known, unknown := hashes("alice"), hashes("nobody")
	if unknown < known/2 || known < unknown/2 {
		t.Errorf("a known user takes %v, an unknown one %v", known, unknown)
	}
}

func TestLoginLimits(t *testing.T) {
	cfg := quick(t)
	cfg.Login.PerPair = LimitConfig{Burst: 3, Every: 90 * time.Second}
	f := start(t, cfg)
	for range 3 {
		f.want(f.login("alice", "wrong"), 401, "invalid_grant")
	}
	r := f.login("alice", alicePassword)
	f.want(r, 429, "slow_down")
	if after := r.header.Get("Retry-After"); after != "90" && after != "89" {
		t.Errorf("Retry-After is %q", after)
	}
	f.want(f.login("nobody", "wrong"), 401, "invalid_grant")
	f.advance(90 * time.Second)
	f.want(f.login("alice", alicePassword), 200, "")
}

// A user's address is what a service client says it is, and what nobody else
// says.
func TestForwardedAddress(t *testing.T) {
	cfg := quick(t)
	cfg.Login.PerPair = LimitConfig{Burst: 1, Every: time.Hour}
	f := start(t, cfg)
	from := func(address string, options ...option) reply {
		return f.login("alice", "wrong", append(options, header("X-Forwarded-For", address))...)
	}
	f.want(from("198.51.100.1", f.asGateway()), 401, "invalid_grant")
	f.want(from("198.51.100.2, 198.51.100.1", f.asGateway()), 429, "")
	f.want(from("198.51.100.1, 198.51.100.2", f.asGateway()), 401, "invalid_grant")
	f.want(from("2001:db8::1", f.asGateway()), 401, "invalid_grant")
	f.want(from("2001:db8::2", f.asGateway()), 429, "")
	f.want(from("nonsense", f.asGateway()), 400, "invalid_request")
	f.want(from("198.51.100.3"), 401, "invalid_grant") // by 127.0.0.1
	f.want(from("198.51.100.4"), 429, "")
	f.want(from("198.51.100.5", f.asReporting()), 429, "")
	f.want(from("198.51.100.6", basicAuth("gateway", "wrong")), 401, "invalid_client")
}

func TestLoginRehashes(t *testing.T) {
	cfg := quick(t)
	cfg.Store.Kind = StorePebble
	f := start(t, cfg)
	f.stop()
	cfg.Login.Hash.Time = 2
	g := run(t, cfg)
	g.want(g.login("alice", "wrong"), 401, "invalid_grant")
	hash := func() string {
		u, err := g.svc.store.User(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		return u.Hash
	}
	if !strings.Contains(hash(), ",t=1,") {
		t.Fatalf("hash is %s before a login", hash())
	}
	g.want(g.login("alice", alicePassword), 200, "")
	if !strings.Contains(hash(), ",t=2,") {
		t.Errorf("hash is %s after a login", hash())
	}
	g.want(g.login("alice", alicePassword), 200, "")
}

// TestMain is a hashing process where it is told to be "hash FILE", which begins
// its work when there is a FILE, and does not wait for one when its test is gone.
func TestMain(m *testing.M) {
	if len(os.Args) != 3 || os.Args[1] != "hash" {
		os.Exit(m.Run())
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(os.Args[2]); err == nil {
			break
		}
		if time.Now().After(deadline) {
			os.Exit(1)
		}
	}
	if err := account.Work(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// While 200 logins wait for a hash that does not come, the service does its other
// work: nothing of it waits for a hash.
func TestLoginsDoNotStopIntrospection(t *testing.T) {
	cfg := quick(t)
	cfg.Login.PerPair.Burst = 1000
	cfg.Login.Concurrency = 2
	cfg.Login.Wait = time.Minute // so that all of them are hashed, however slow the machine
	f := start(t, cfg)
	access, _ := f.mustLogin()
	proceed := filepath.Join(t.TempDir(), "proceed")
	if err := f.svc.HashWith(os.Args[0], "hash", proceed); err != nil {
		t.Fatal(err)
	}
	outcomes := make(map[int]int)
	var mu sync.Mutex
	var all sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
	for range 200 {
		all.Go(func() {
			resp, err := client.Post(f.url+"/login", "application/json", strings.NewReader(`{"id":"alice","password":"wrong"}`))
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			mu.Lock()
			outcomes[resp.StatusCode]++
			mu.Unlock()
		})
	}
	for deadline := time.Now().Add(10 * time.Second); f.svc.hasher.Waiting() < 198; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d logins wait", f.svc.hasher.Waiting())
		}
	}
	for range 100 {
		if !f.active(access) {
			t.Error("a token is not active")
		}
	}
	mu.Lock()
	if len(outcomes) > 0 {
		t.Errorf("logins were answered %v before there was a hash", outcomes)
	}
	mu.Unlock()
	if err := os.WriteFile(proceed, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if outcomes[401] != 200 {
		t.Errorf("logins were answered %v", outcomes)
	}
}

func TestImport(t *testing.T) {
	f := start(t, quick(t))
	ops := f.svc.Admin()
	hasher, err := account.NewHasher(account.Params{MemoryKiB: 9 << 10, Time: 1, Parallel: 1}, 1, 1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	phc, err := hasher.Hash(t.Context(), []byte("from elsewhere"))
	if err != nil {
		t.Fatal(err)
	}
	csv := "hash,id,roles\n\"" + phc + "\",carol,customer auditor\n\"" + phc + "\",alice,admin\n"
	got, err := ops.ImportUsers(t.Context(), admin.CSV, strings.NewReader(csv))
	if err != nil || got != (admin.Imported{Added: 1, Exists: 1}) {
		t.Fatalf("import: %+v, %v", got, err)
	}
	lines := `{"id":"dave","hash":"` + phc + `","scopes":["read"]}` + "\n\n" + `{"id":"erin","hash":"` + phc + `"}`
	got, err = ops.ImportUsers(t.Context(), admin.JSONLines, strings.NewReader(lines))
	if err != nil || got != (admin.Imported{Added: 2}) {
		t.Fatalf("import: %+v, %v", got, err)
	}
	for _, id := range []string{"carol", "dave", "erin"} {
		r := f.login(id, "from elsewhere")
		f.want(r, 200, "")
	}
	f.want(f.login("alice", alicePassword), 200, "") // as she was
	roles := f.introspect(f.login("carol", "from elsewhere").text(t, "access_token")).fields(t)["roles"]
	if fmt.Sprint(roles) != "[customer auditor]" {
		t.Errorf("roles are %v", roles)
	}
}

// One bad line, and nothing is imported.
func TestImportRefuses(t *testing.T) {
	f := start(t, quick(t))
	good := `{"id":"carol","hash":"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}` + "\n"
	bad := func(format admin.Format, text, message string, is error) {
		t.Helper()
		_, err := f.svc.Admin().ImportUsers(t.Context(), format, strings.NewReader(text))
		if err == nil || err.Error() != message || is != nil && !errors.Is(err, is) {
			t.Errorf("error is %v, not %s", err, message)
		}
	}
	bad(admin.JSONLines, good+`{"id":"dave","hash":"hunter2"}`, "line 2: "+account.ErrHash.Error(), account.ErrHash)
	bad(admin.JSONLines, good+`{"id":"da ve","hash":"x"}`, "line 2: "+account.ErrUserID.Error(), account.ErrUserID)
	bad(admin.JSONLines, good+`{"id":"dave","password":"x"}`, "line 2: not an object with members id, hash, roles, scopes", nil)
	bad(admin.JSONLines, good+`{} {}`, "line 2: not an object with members id, hash, roles, scopes", nil)
	bad(admin.CSV, "\ufeffid,hash\n", "header: begins with a byte order mark: save the file as UTF-8 without one", nil)
	bad(admin.CSV, "id;hash\n", "header: columns are separated by semicolons: separate them by commas", nil)
	bad(admin.CSV, "id,password\na,b\n", "header: column is not one of id, hash, roles, scopes", nil)
	bad(admin.CSV, "id,roles\na,b\n", "header: columns id and hash are required", nil)
	bad(admin.CSV, "id,hash\ncarol,x\n", "line 2: "+account.ErrHash.Error(), account.ErrHash)
	bad("xml", "", admin.ErrFormat.Error(), admin.ErrFormat)
	if _, err := f.svc.store.User(context.Background(), "carol"); err == nil {
		t.Error("a file with a bad line was imported in part")
	}
}

// Two first logins of an imported user at the same time both renew the hash. Both
// have the right password, so both are let in, and no failure is counted.
func TestTwoFirstLoginsOfAnImportedUser(t *testing.T) {
	for _, kind := range []string{StoreMemory, StorePebble} {
		cfg := quick(t)
		cfg.Store.Kind = kind
		cfg.Login.Concurrency = 4
		cfg.Login.PerPair = LimitConfig{Burst: 4, Every: time.Hour} // as many as there are logins: one that fails is one too many
		f := start(t, cfg)
		old, err := bcrypt.GenerateFromPassword([]byte(alicePassword), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		for round := range 10 {
			id := fmt.Sprint("imported-", round)
			if err := f.svc.store.PutUser(t.Context(), &store.User{ID: id, Hash: string(old)}, nil); err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() { f.want(f.login(id, alicePassword), 200, "") })
			}
			all.Wait()
			for range 4 { // no failure was counted, so all four tries are left
				f.want(f.login(id, "wrong"), 401, "invalid_grant")
			}
			f.want(f.login(id, alicePassword), 429, "slow_down")
		}
	}
}

// A password that is changed while it is checked counts as it is after the change.
func TestPasswordChangedDuringLogin(t *testing.T) {
	f := start(t, quick(t))
	old, err := bcrypt.GenerateFromPassword([]byte(alicePassword), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.svc.store.PutUser(t.Context(), &store.User{ID: "bob", Hash: string(old)}, nil); err != nil {
		t.Fatal(err)
	}
	f.svc.store = &changing{Store: f.svc.store, hash: func() string {
		next, _ := bcrypt.GenerateFromPassword([]byte("another password"), bcrypt.MinCost)
		return string(next)
	}}
	f.want(f.login("bob", alicePassword), 401, "invalid_grant")
}

// changing changes a user's hash just before the first time that it is renewed.
type changing struct {
	store.Store
	once sync.Once
	hash func() string
}

func (c *changing) PutUser(ctx context.Context, u, old *store.User) error {
	c.once.Do(func() {
		next := *old
		next.Hash = c.hash()
		c.Store.PutUser(ctx, &next, old)
	})
	return c.Store.PutUser(ctx, u, old)
}
