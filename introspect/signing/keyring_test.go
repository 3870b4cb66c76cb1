package signing

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/keyset"
)

const tail = 300

func open(t *testing.T, dir string) *Keyring {
	t.Helper()
	r, err := Open(dir, tail)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// published are the kids in the key set at now.
func published(t *testing.T, r *Keyring, now int64) []string {
	t.Helper()
	set, refused, err := keyset.Parse(r.KeySet(now))
	if err != nil || len(refused) > 0 {
		t.Fatalf("key set: %v, refused %v", err, refused)
	}
	var kids []string
	for k := range set.Keys() {
		kids = append(kids, k.ID())
	}
	slices.Sort(kids)
	return kids
}

func want(t *testing.T, what string, got []string, kids ...string) {
	t.Helper()
	slices.Sort(kids)
	if !slices.Equal(got, kids) {
		t.Errorf("%s: keys are %v, not %v", what, got, kids)
	}
}

// signer is the kid that signs at now, by the proof of Verify.
func signer(t *testing.T, r *Keyring, now int64) string {
	t.Helper()
	token := must(r.Sign([]byte(`{"sub":"alice"}`), now))(t)
	claims, kid, ok := r.Verify(token, now)
	if !ok || string(claims) != `{"sub":"alice"}` {
		t.Fatalf("a new token does not verify")
	}
	return kid
}

// A rotation: published, then signing, and the old key published for as long
// as one of its tokens may live.
func TestRotation(t *testing.T) {
	r := open(t, t.TempDir())
	if err := r.Ready(1000); !errors.Is(err, ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	a := must(r.New(1000, 1000))(t).ID
	if signer(t, r, 1000) != a {
		t.Error("the first key does not sign")
	}
	b := must(r.New(2000, 2600))(t).ID
	want(t, "after the rotation", published(t, r, 2000), a, b)
	if signer(t, r, 2599) != a || signer(t, r, 2600) != b {
		t.Error("the new key does not take over when it is time")
	}
	last := must(r.Sign([]byte("{}"), 2599))(t)
	want(t, "while a token of the old key lives", published(t, r, 2899), a, b)
	if _, _, ok := r.Verify(last, 2899); !ok {
		t.Error("the old key's last token is dead before its time")
	}
	want(t, "when none does any more", published(t, r, 2900), b)
	if _, _, ok := r.Verify(last, 2900); ok {
		t.Error("a key verifies that is not published")
	}
	states := []State{}
	for _, k := range r.List(2700) {
		states = append(states, k.State)
	}
	if !slices.Equal(states, []State{Leaving, Signing}) {
		t.Errorf("states are %v", states)
	}
	if k := r.List(2900)[0]; k.State != Gone || k.Until != 2900 {
		t.Errorf("the old key is %+v", k)
	}
	if k := r.List(2100)[1]; k.State != Coming {
		t.Errorf("the new key is %+v", k)
	}
}

func TestRetire(t *testing.T) {
	r := open(t, t.TempDir())
	a := must(r.New(1000, 1000))(t).ID
	b := must(r.New(1000, 2000))(t).ID
	token := must(r.Sign([]byte("{}"), 2000))(t)
	if k := must(r.Retire(b, 2100))(t); k.State != Retired {
		t.Errorf("state is %s", k.State)
	}
	if _, _, ok := r.Verify(token, 2100); ok {
		t.Error("a retired key verifies")
	}
	kids := published(t, r, 2100)
	if slices.Contains(kids, b) {
		t.Error("a retired key is published")
	}
	if c := signer(t, r, 2100); c == a || c == b {
		t.Error("an old key signs again")
	}
	if _, err := r.Retire("nobody", 2100); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("retiring an unknown key: %v", err)
	}
}

func TestRetireBringsTheNextForward(t *testing.T) {
	r := open(t, t.TempDir())
	a := must(r.New(1000, 1000))(t).ID
	b := must(r.New(1000, 5000))(t).ID
	must(r.Retire(a, 1100))(t)
	if signer(t, r, 1100) != b {
		t.Error("the key that was to come does not sign")
	}
	if n := len(r.List(1100)); n != 2 {
		t.Errorf("there are %d keys", n)
	}
}

func TestRetireInTheFirstSecond(t *testing.T) {
	r := open(t, t.TempDir())
	a := must(r.New(1000, 1600))(t).ID
	b := must(r.New(1000, 1000))(t).ID
	must(r.Retire(b, 1000))(t)
	if signer(t, r, 1000) != a {
		t.Error("the key that was to come does not sign")
	}
}

// A key that was retired before it signed anything changes nothing.
func TestRetireOfAComingKey(t *testing.T) {
	r := open(t, t.TempDir())
	a := must(r.New(1000, 1000))(t).ID
	b := must(r.New(1000, 5000))(t).ID
	must(r.Retire(b, 1100))(t)
	if signer(t, r, 1100) != a || signer(t, r, 99_000) != a {
		t.Error("the first key does not sign on")
	}
	want(t, "later", published(t, r, 99_000), a)
}

func TestRevokedByTheFeed(t *testing.T) {
	r := open(t, t.TempDir())
	a := must(r.New(1000, 1000))(t).ID
	b := must(r.New(1000, 2000))(t).ID
	token := must(r.Sign([]byte("{}"), 2100))(t)
	r.Follow(func(kid string) bool { return kid == b })
	if _, _, ok := r.Verify(token, 2100); ok {
		t.Error("a revoked key verifies")
	}
	if _, err := r.Sign([]byte("{}"), 2100); !errors.Is(err, ErrNoKey) {
		t.Errorf("signing: %v, not ErrNoKey", err)
	}
	if slices.Contains(published(t, r, 2100), b) {
		t.Error("a revoked key is published")
	}
	r.Follow(func(string) bool { return false })
	if signer(t, r, 2100) != b || a == b {
		t.Error("forgetting the revocation does nothing")
	}
}

func TestKeysOutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir)
	a := must(r.New(1000, 1000))(t).ID
	token := must(r.Sign([]byte("{}"), 1000))(t)
	again := open(t, dir)
	if _, kid, ok := again.Verify(token, 1000); !ok || kid != a {
		t.Error("the key is another one")
	}
	b := must(again.New(1000, 1000))(t).ID
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	want(t, "seen by the other process", published(t, r, 1000), a, b)
}

// When the life of tokens is made shorter, keys stay published for the old ones.
func TestTailNeverShrinks(t *testing.T) {
	dir := t.TempDir()
	a := must(open(t, dir).New(1000, 1000))(t).ID
	shorter := must(Open(dir, 10))(t)
	if shorter.Tail() != tail {
		t.Errorf("tail is %d", shorter.Tail())
	}
	b := must(shorter.New(2000, 2000))(t).ID
	want(t, "before the end of the old life", published(t, shorter, 2299), a, b)
	want(t, "after it", published(t, shorter, 2300), b)
	longer := must(Open(dir, 1000))(t)
	if longer.Tail() != 1000 {
		t.Errorf("tail is %d", longer.Tail())
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	r := open(t, dir)
	must(r.New(1000, 1000))(t)
	if info := must(os.Stat(dir))(t); info.Mode().Perm() != 0o700 {
		t.Errorf("the folder's mode is %o", info.Mode().Perm())
	}
	names := must(filepath.Glob(filepath.Join(dir, "*")))(t)
	if len(names) != 1 {
		t.Fatalf("files are %v", names)
	}
	if info := must(os.Stat(names[0]))(t); info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %o", info.Mode().Perm())
	}
	if err := os.Chmod(names[0], 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, tail); err == nil || !strings.Contains(err.Error(), "mode 0640 lets others read it") {
		t.Errorf("a key that others may read: %v", err)
	}
}

// No error and no answer quotes a private key.
func TestKeysAreNotTold(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir)
	must(r.New(1000, 1000))(t)
	names := must(filepath.Glob(filepath.Join(dir, "*.json")))(t)
	text := must(os.ReadFile(names[0]))(t)
	var rec map[string]any
	if err := json.Unmarshal(text, &rec); err != nil {
		t.Fatal(err)
	}
	private := rec["d"].(string)
	list, _ := json.Marshal(r.List(1000))
	if strings.Contains(string(list)+string(r.KeySet(1000)), private) {
		t.Error("a private key is listed")
	}
	f := func(what, text string) {
		t.Helper()
		if err := os.WriteFile(names[0], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, tail)
		if err == nil || strings.Contains(err.Error(), private) {
			t.Errorf("%s: %v", what, err)
		}
		_, err = FromEnv(`{"keys":[`+text+`]}`, tail)
		if err == nil || strings.Contains(err.Error(), private) {
			t.Errorf("%s, from the environment: %v", what, err)
		}
	}
	f("no JSON", string(text)+"x"+private)
	f("another public part", strings.Replace(string(text), `"x": "`, `"x": "A`, 1))
	f("another curve", strings.Replace(string(text), "Ed25519", "Ed448", 1))
	f("no kid", strings.Replace(string(text), `"kid": "`+rec["kid"].(string), `"kid": "`, 1))
}

func TestKeysFromTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir)
	a := must(r.New(1000, 1000))(t).ID
	names := must(filepath.Glob(filepath.Join(dir, "*.json")))(t)
	text := must(os.ReadFile(names[0]))(t)
	env := must(FromEnv(`{"keys":[`+string(text)+`]}`, 900))(t)
	if signer(t, env, 1000) != a || env.Tail() != 900 {
		t.Error("the key is another one")
	}
	_, err := env.New(1000, 1000)
	_, err2 := env.Retire(a, 1000)
	if !errors.Is(err, ErrFixed) || !errors.Is(err2, ErrFixed) {
		t.Errorf("changing it: %v, %v", err, err2)
	}
	if _, err := FromEnv(`{"keys":[`+string(text)+`,`+string(text)+`]}`, tail); err == nil {
		t.Error("two keys of one kid are taken")
	}
}

func TestVerifyRefuses(t *testing.T) {
	r := open(t, t.TempDir())
	must(r.New(1000, 1000))(t)
	now := time.Now().Unix()
	token := string(must(r.Sign([]byte(`{"sub":"a"}`), now))(t))
	f := func(token string) {
		t.Helper()
		if _, _, ok := r.Verify([]byte(token), now); ok {
			t.Errorf("%q verifies", token)
		}
	}
	part := strings.Split(token, ".")
	f("")
	f(".")
	f(part[0] + ".")
	f(part[0] + "..")
	f(part[0] + "." + part[1])
	f(part[0] + "." + part[1] + ".")
	f(token + ".")
	f(token + "A")
	f(token[:len(token)-1])
	f(part[0] + "." + part[1] + "A." + part[2])
	f(part[0] + "." + part[1] + "." + part[2][:40] + "\n" + part[2][40:])
	f(string(must(r.SignAnswer([]byte(`{"sub":"a"}`), now))(t)))
	stray := []byte(token) // the last character holds four bits that must be zero
	if stray[len(stray)-1] == 'A' {
		stray[len(stray)-1] = 'B'
	} else {
		stray[len(stray)-1]++
	}
	f(string(stray))
}
