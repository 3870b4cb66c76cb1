package introspect

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/signing"
	"github.com/tollgate/tollgate/introspect/storetest"
)

const testSeal = "kPq3vX9bLm2RtYw7ZsHc5NdJf8GaEuQ1oTi4KxVyB6n"

func sealed(t *testing.T) Secret {
	t.Setenv("TOLLGATE_TEST_SEAL", testSeal)
	return Secret{Env: "TOLLGATE_TEST_SEAL"}
}

// fleet starts services that share a Redis, each with a data folder of its own.
func fleet(t *testing.T, n int) (list []*fixture, redis *storetest.Redis) {
	redis = storetest.StartRedis(t)
	for range n {
		cfg := quick(t)
		cfg.Store = StoreConfig{Kind: StoreRedis, Redis: RedisConfig{Address: redis.Address(), Timeout: 2 * time.Second}}
		cfg.Keys = KeysConfig{Seal: sealed(t), Lead: 3 * time.Second}
		if list == nil {
			list = append(list, start(t, cfg))
			continue
		}
		f := run(t, cfg)
		f.gateway, f.reporting = list[0].gateway, list[0].reporting
		list = append(list, f)
	}
	return list, redis
}

func (f *fixture) kids() []string {
	f.t.Helper()
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal([]byte(f.send("GET", "/.well-known/jwks.json", "", "").body), &set); err != nil {
		f.t.Fatal(err)
	}
	var kids []string
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	slices.Sort(kids)
	return kids
}

func signedBy(t *testing.T, token string) string {
	t.Helper()
	var head struct{ Kid string }
	first, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(first)
	if err == nil {
		err = json.Unmarshal(text, &head)
	}
	if err != nil {
		t.Fatal(err)
	}
	return head.Kid
}

// Services on one Redis sign with the same keys. A rotation at one is published
// by all before the new key signs, a key made to sign at once is known to all at
// once, and one that is retired is dead everywhere.
func TestServicesOnOneRedisShareTheirKeys(t *testing.T) {
	list, redis := fleet(t, 3)
	a, b, c := list[0], list[1], list[2]
	everywhere := func(what, token string, want bool) {
		t.Helper()
		for i, f := range list {
			if got := f.active(token); got != want {
				t.Errorf("%s: active is %v at service %d, not %v", what, got, i, want)
			}
		}
	}
	for _, f := range list {
		everywhere("a first token", f.clientToken(), true)
	}
	old := a.kids()
	if !slices.Equal(b.kids(), old) || !slices.Equal(c.kids(), old) {
		t.Fatalf("keys are %v, %v and %v", old, b.kids(), c.kids())
	}

	// A key that signs at once; of two keys of one second it is not said which signs.
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
	made, err := b.svc.Admin().NewKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	token := b.clientToken()
	if kid := signedBy(t, token); kid != made.ID {
		t.Fatalf("signed by %s, not by the new key %s", kid, made.ID)
	}
	everywhere("a token of the new key", token, true)

	// A rotation: every service publishes the key before any signs with it.
	next, err := c.svc.Admin().RotateKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	published := map[*fixture]bool{}
	for signed := false; !signed; time.Sleep(20 * time.Millisecond) {
		for _, f := range list {
			published[f] = published[f] || slices.Contains(f.kids(), next.ID)
		}
		for _, f := range list {
			if signedBy(t, f.clientToken()) != next.ID {
				continue
			}
			signed = true
			if len(published) != 3 || !published[a] || !published[b] || !published[c] {
				t.Fatalf("the new key signs before all services publish it: %v", published)
			}
		}
	}

	// Retired at one, dead at all, and each goes on with the successor.
	token = a.clientToken()
	if _, err := b.svc.Admin().RetireKey(t.Context(), next.ID); err != nil {
		t.Fatal(err)
	}
	said := eventually(t, func() (string, bool) {
		active := []bool{a.active(token), b.active(token), c.active(token)}
		return fmt.Sprint(active), !slices.Contains(active, true)
	})
	if said != "" {
		t.Errorf("the token of the retired key is active: %s", said)
	}
	for i, f := range list {
		fresh := f.clientToken()
		if signedBy(t, fresh) == next.ID {
			t.Errorf("service %d signs with the retired key", i)
		}
		everywhere("a token of the successor", fresh, true)
	}

	// What Redis holds is sealed.
	if text := storetest.Contents(t, redis.Dir); strings.Contains(string(text), `"d":"`) {
		t.Error("a private key is in Redis as it is")
	}
	set, err := a.svc.Admin().ExportKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, private := range privateParts(t, set) {
		if strings.Contains(string(storetest.Contents(t, redis.Dir)), private) {
			t.Error("a private key is in Redis as it is")
		}
	}
}

func privateParts(t *testing.T, set []byte) (parts []string) {
	t.Helper()
	var keys struct{ Keys []struct{ D string } }
	if err := json.Unmarshal(set, &keys); err != nil || len(keys.Keys) == 0 {
		t.Fatalf("%d keys (%v)", len(keys.Keys), err)
	}
	for _, k := range keys.Keys {
		parts = append(parts, k.D)
	}
	return parts
}

// A service with another secret does not start, and says what is wrong. The
// secret is replaced in two steps.
func TestAnotherSealIsRefused(t *testing.T) {
	list, _ := fleet(t, 1)
	cfg := list[0].cfg
	cfg.Data = t.TempDir()
	token := list[0].clientToken()
	list[0].stop()
	seal := func(text string) {
		cfg.Keys.Seal = Secret{File: filepath.Join(t.TempDir(), "seal")}
		if err := os.WriteFile(cfg.Keys.Seal.File, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := func(text, want string) {
		t.Helper()
		seal(text)
		_, err := New(cfg, discard())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, not %s", err, want)
		}
	}
	other := strings.Repeat("x", 16) + testSeal
	f(other, signing.ErrSealed.Error())
	f("short", "keys.seal: "+signing.ErrSeal.Error())
	f("", "keys.seal: "+signing.ErrSeal.Error())
	f(strings.Repeat(testSeal+"\n", 3), "keys.seal: "+signing.ErrSeal.Error())
	seal(other + "\n" + testSeal + "\n")
	both := run(t, cfg)
	both.gateway = list[0].gateway
	if !both.active(token) {
		t.Error("with both secrets the token is dead")
	}
	both.stop()
	seal(other + "\n")
	after := run(t, cfg)
	after.gateway = list[0].gateway
	if !after.active(token) {
		t.Error("with the new secret the token is dead")
	}
}

// A service that had its keys in a folder goes on with them when it moves to a
// shared store.
func TestKeysOfAFolderAreTakenOver(t *testing.T) {
	cfg := quick(t)
	alone := start(t, cfg)
	kids := alone.kids()
	alone.stop()
	cfg.Store = StoreConfig{Kind: StoreRedis, Redis: RedisConfig{Address: storetest.StartRedis(t).Address(), Timeout: 2 * time.Second}}
	cfg.Keys.Seal = sealed(t)
	shared := run(t, cfg)
	if got := shared.kids(); !slices.Equal(got, kids) {
		t.Errorf("keys are %v, not %v", got, kids)
	}
}
