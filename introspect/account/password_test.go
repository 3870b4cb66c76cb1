package account

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

var cheap = Params{MemoryKiB: 8 << 10, Time: 1, Parallel: 1}

func newHasher(t *testing.T, p Params, concurrency, queue int, wait time.Duration) *Hasher {
	t.Helper()
	h, err := NewHasher(p, concurrency, queue, wait)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHashAndCheck(t *testing.T) {
	h := newHasher(t, cheap, 1, 1, time.Second)
	phc, err := h.Hash(t.Context(), []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=8192,t=1,p=1$") {
		t.Errorf("hash is %s", phc)
	}
	f := func(phc, password string, want bool) {
		t.Helper()
		ok, better, err := h.Check(t.Context(), phc, []byte(password))
		if err != nil || ok != want || better != "" {
			t.Errorf("Check(%q) = %v, %q, %v", password, ok, better, err)
		}
	}
	f(phc, "secret", true)
	f(phc, "Secret", false)
	f(phc, "secret ", false)
	f("", "secret", false)      // nobody of that name
	f("", "no password", false) // not even with the password of the dummy
}

func TestHashesOfOnePasswordDiffer(t *testing.T) {
	h := newHasher(t, cheap, 1, 1, time.Second)
	a, _ := h.Hash(t.Context(), []byte("secret"))
	b, _ := h.Hash(t.Context(), []byte("secret"))
	if a == b {
		t.Error("two salts are the same")
	}
}

// Hashes of other costs, and hashes that others have made: argon2id's is a case
// of the reference implementation's test, bcrypt's one of crypt_blowfish's.
func TestImportedHashesAreRehashed(t *testing.T) {
	h := newHasher(t, cheap, 1, 1, time.Second)
	older := newHash([]byte("secret"), Params{MemoryKiB: 9 << 10, Time: 2, Parallel: 2})
	for phc, password := range map[string]string{
		older: "secret",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc": "password",
		"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW":                           "U*U",
	} {
		ok, better, err := h.Check(t.Context(), phc, []byte(password))
		if err != nil || !ok || !strings.HasPrefix(better, "$argon2id$v=19$m=8192,t=1,p=1$") {
			t.Errorf("Check(%.20s…) = %v, %q, %v", phc, ok, better, err)
			continue
		}
		if ok, again, err := h.Check(t.Context(), better, []byte(password)); !ok || again != "" || err != nil {
			t.Errorf("the new hash: %v, %q, %v", ok, again, err)
		}
		if ok, better, _ := h.Check(t.Context(), phc, []byte("wrong")); ok || better != "" {
			t.Error("a wrong password is right, or is hashed anew")
		}
	}
}

func TestCheckHashRefuses(t *testing.T) {
	good := "$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
	if err := CheckHash(good); err != nil {
		t.Fatal(err)
	}
	f := func(phc string) {
		t.Helper()
		if err := CheckHash(phc); !errors.Is(err, ErrHash) {
			t.Errorf("CheckHash(%q): %v, not ErrHash", phc, err)
		}
	}
	f("")
	f("secret")
	f("$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW") // would take days
	f("$2x$05$short")
	f("$pbkdf2$x")
	f("$5$salt$hash")
	f(strings.Replace(good, "argon2id", "argon2d", 1))
	f(strings.Replace(good, "v=19", "v=16", 1))
	f(strings.Replace(good, "m=8192", "m=4294967295", 1)) // would take all memory
	f(strings.Replace(good, "m=8192", "m=99999999999", 1))
	f(strings.Replace(good, "t=1", "t=0", 1))
	f(strings.Replace(good, "t=1", "t=1000000", 1))
	f(strings.Replace(good, "p=1", "p=255", 1))
	f(strings.Replace(good, "p=1", "p=-1", 1))
	f(strings.Replace(good, "m=8192,t=1", "t=1,m=8192", 1))
	f(good + "=")
	f(good + "$x")
	f(strings.Replace(good, "c2FsdHNhbHRzYWx0", "c2Fs", 1)) // short salt
	f("$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaA")
}

// What would take longer than a hashing process has is refused before anybody
// is locked out by it.
func TestCostOfHashes(t *testing.T) {
	for _, c := range []struct {
		costs string
		p     Params
		good  bool
	}{
		{"m=1048576,t=1,p=1", Params{1 << 20, 1, 1}, true},
		{"m=16384,t=64,p=1", Params{16 << 10, 64, 1}, true},
		{"m=65536,t=3,p=4", Params{64 << 10, 3, 4}, true}, // the second choice of RFC 9106, section 4
		{"m=1048576,t=2,p=4", Params{1 << 20, 2, 4}, false},
		{"m=16385,t=64,p=1", Params{16<<10 + 1, 64, 1}, false},
	} {
		err := CheckHash("$argon2id$v=19$" + c.costs + "$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g")
		if c.good && err != nil || !c.good && err != ErrCost {
			t.Errorf("CheckHash of %s: %v", c.costs, err)
		}
		if err := c.p.Check(); (err == nil) != c.good {
			t.Errorf("Check of %v: %v", c.p, err)
		}
	}
	want := "time: 2 passes over memory_kib 1048576 are more than 1048576 KiB, which takes seconds: lower either"
	if err := (Params{1 << 20, 2, 1}).Check(); err == nil || err.Error() != want {
		t.Errorf("Check: %v, want %s", err, want)
	}
}

func TestPasswordLength(t *testing.T) {
	// A queue of nothing and no turn to be had: were a hash begun, it would be
	// ErrBusy.
	h := newHasher(t, cheap, 1, 0, time.Second)
	<-h.free
	long := bytes.Repeat([]byte("x"), MaxPassword+1)
	if _, err := h.Hash(t.Context(), long); !errors.Is(err, ErrPasswordLength) {
		t.Errorf("Hash: %v", err)
	}
	if _, _, err := h.Check(t.Context(), "", long); !errors.Is(err, ErrPasswordLength) {
		t.Errorf("Check: %v", err)
	}
	if _, _, err := h.Check(t.Context(), "", nil); !errors.Is(err, ErrPasswordLength) {
		t.Errorf("Check of nothing: %v", err)
	}
	if _, _, err := h.Check(t.Context(), "", long[:MaxPassword]); !errors.Is(err, ErrBusy) {
		t.Errorf("Check of the longest: %v", err)
	}
}

func TestQueueIsBounded(t *testing.T) {
	h := newHasher(t, cheap, 1, 2, time.Minute)
	<-h.free // somebody is at it
	results := make(chan error)
	for range 5 {
		go func() {
			_, _, err := h.Check(context.Background(), "", []byte("x"))
			results <- err
		}()
	}
	for range 3 { // all that do not fit into the queue
		if err := <-results; !errors.Is(err, ErrBusy) {
			t.Errorf("beyond the queue: %v, not ErrBusy", err)
		}
	}
	if n := h.Waiting(); n != 2 {
		t.Errorf("%d wait, not 2", n)
	}
	h.free <- here{}
	for range 2 {
		if err := <-results; err != nil {
			t.Errorf("in the queue: %v", err)
		}
	}
}

func TestQueueDoesNotWaitForEver(t *testing.T) {
	h := newHasher(t, cheap, 1, 2, time.Millisecond)
	<-h.free
	if _, _, err := h.Check(t.Context(), "", []byte("x")); !errors.Is(err, ErrBusy) {
		t.Errorf("after the wait: %v, not ErrBusy", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h = newHasher(t, cheap, 1, 2, time.Minute)
	<-h.free
	if _, _, err := h.Check(ctx, "", []byte("x")); !errors.Is(err, ErrBusy) {
		t.Errorf("without a caller: %v, not ErrBusy", err)
	}
}

// No more hashes run at once than are allowed.
func TestConcurrencyIsBounded(t *testing.T) {
	h := newHasher(t, cheap, 2, 100, time.Minute)
	running, most := 0, 0
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			e, err := h.turn(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Millisecond)
			mu.Lock()
			running--
			mu.Unlock()
			h.free <- e
		})
	}
	all.Wait()
	if most > 2 {
		t.Errorf("%d hashes ran at once", most)
	}
}

func TestNames(t *testing.T) {
	f := func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("error is %v, not %v", err, want)
		}
	}
	f(CheckUserID("alice@example.org"), nil)
	f(CheckUserID("ålice"), nil)
	f(CheckUserID(""), ErrUserID)
	f(CheckUserID("a b"), ErrUserID)
	f(CheckUserID("a\r\nX-Auth-Roles: admin"), ErrUserID)
	f(CheckUserID("a\u200b"), ErrUserID) // zero width
	f(CheckUserID("a\xff"), ErrUserID)
	f(CheckUserID(strings.Repeat("a", 256)), ErrUserID)
	f(CheckClientID("reporting-2.eu_west"), nil)
	f(CheckClientID(""), ErrClientID)
	f(CheckClientID("a:b"), ErrClientID)
	f(CheckClientID("å"), ErrClientID)
	f(CheckClientID(strings.Repeat("a", 65)), ErrClientID)
	f(CheckRoles([]string{"admin", "order:read"}), nil)
	f(CheckRoles([]string{""}), ErrRole)
	f(CheckRoles([]string{"a,b"}), ErrRole)
	f(CheckRoles([]string{"a b"}), ErrRole)
	f(CheckScopes([]string{"read", "orders/write"}), nil)
	f(CheckScopes([]string{`a"b`}), ErrScope)
	f(CheckScopes([]string{""}), ErrScope)
}

func TestSecret(t *testing.T) {
	a, b := NewSecret("reporting"), NewSecret("reporting")
	if a == b || !strings.HasPrefix(a, "tgs_reporting.") || len(a) != len("tgs_reporting.")+43 {
		t.Errorf("secrets are %q and %q", a, b)
	}
	if err := CheckSecret([]byte("hunter2")); !errors.Is(err, ErrSecretLength) {
		t.Errorf("a short secret: %v", err)
	}
}
