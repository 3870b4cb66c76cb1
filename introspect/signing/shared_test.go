package signing

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// box is Records in memory.
type box struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (b *box) SealedKeys() (list []Sealed, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for kid, v := range b.m {
		list = append(list, Sealed{kid, v})
	}
	return list, nil
}

func (b *box) PutSealedKey(kid string, old, next []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !bytes.Equal(b.m[kid], old) {
		return ErrChanged
	}
	b.m[kid] = next
	return nil
}

var sealText = strings.Repeat("secret", 7)

func shares(t *testing.T, b *box, dir string) *Keyring {
	t.Helper()
	return must(OpenShared(b, must(NewSeal(sealText))(t), dir, tail))(t)
}

func TestSharedKeys(t *testing.T) {
	b := &box{m: map[string][]byte{}}
	none := filepath.Join(t.TempDir(), "keys")
	one, two := shares(t, b, none), shares(t, b, none)
	a := must(one.New(1000, 1000))(t).ID
	// The other finds the key when a token names it.
	token := must(one.Sign([]byte("{}"), 1000))(t)
	if _, kid, ok := two.Verify(token, 1000); !ok || kid != a {
		t.Errorf("another service's new key: %q, %v", kid, ok)
	}
	// Both retire it at once, and end with the same successors.
	var all sync.WaitGroup
	for _, r := range []*Keyring{one, two} {
		all.Go(func() {
			if _, err := r.Retire(a, 2000); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, r := range []*Keyring{one, two} {
		if err := r.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	if x, y := published(t, one, 2001), published(t, two, 2001); len(x) == 0 || !slices.Equal(x, y) || slices.Contains(x, a) {
		t.Errorf("keys are %v and %v", x, y)
	}
	if x, y := signer(t, one, 2001), signer(t, two, 2001); x != y {
		t.Errorf("%s signs, and %s", x, y)
	}
	if _, err := os.Stat(none); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder was made: %v", err)
	}
}

// What is no JWT, or names a key that is known, has the keys not read again.
func TestUnknownTokensReadKeysSeldom(t *testing.T) {
	b := &box{m: map[string][]byte{}}
	r := shares(t, b, t.TempDir())
	must(r.New(1000, 1000))(t)
	good := string(must(r.Sign([]byte("{}"), 1000))(t))
	f := func(token string, want bool) {
		t.Helper()
		r.refreshed.Store(0)
		r.Verify([]byte(token), 1000)
		if got := r.refreshed.Load() != 0; got != want {
			t.Errorf("%q: read again is %v", token, got)
		}
	}
	f("", false)
	f("tg_x", false)
	f("eyJhbGciOiJFZERTQSJ9", false)
	f(good, false)
	f(good[:len(good)-1], false)
	f("eyJhbGciOiJFZERTQSJ9.e30.AA", true)
}

func TestSealedKeysAreBoundToTheirNames(t *testing.T) {
	b := &box{m: map[string][]byte{}}
	r := shares(t, b, t.TempDir())
	one, two := must(r.New(1000, 1000))(t).ID, must(r.New(1000, 1000))(t).ID
	f := func(what string, change func(sealed []byte) []byte) {
		t.Helper()
		before := b.m[one]
		b.m[one] = change(slices.Clone(before))
		if err := r.Reload(); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v, not ErrSealed", what, err)
		}
		b.m[one] = before
	}
	f("another key's record", func([]byte) []byte { return b.m[two] })
	f("a changed byte", func(s []byte) []byte { s[20] ^= 1; return s })
	f("another version", func(s []byte) []byte { s[0]++; return s })
	f("half of it", func(s []byte) []byte { return s[:len(s)/2] })
	f("nothing", func([]byte) []byte { return nil })
	if err := r.Reload(); err != nil {
		t.Error(err)
	}
}

func TestExportAndImport(t *testing.T) {
	from := open(t, t.TempDir())
	a := must(from.New(1000, 1000))(t).ID
	b := must(from.New(1000, 2000))(t).ID
	set := must(from.Export())(t)
	env := must(FromEnv(string(set), tail))(t)
	want(t, "from the environment", published(t, env, 2001), a, b)

	to := open(t, t.TempDir())
	added, exist, err := to.Import(set)
	if err != nil || added != 2 || exist != 0 {
		t.Errorf("imported %d, %d there already (%v)", added, exist, err)
	}
	if added, exist, err = to.Import(set); err != nil || added != 0 || exist != 2 {
		t.Errorf("again: imported %d, %d there already (%v)", added, exist, err)
	}
	if x, y := signer(t, from, 2001), signer(t, to, 2001); x != b || y != b {
		t.Errorf("%s signs, and %s", x, y)
	}
	if _, _, err := env.Import(set); !errors.Is(err, ErrFixed) {
		t.Errorf("into the environment: %v", err)
	}
	f := func(text string) {
		t.Helper()
		other := open(t, t.TempDir())
		if _, _, err := other.Import([]byte(text)); !errors.Is(err, ErrImport) {
			t.Errorf("%.20q: %v, not ErrImport", text, err)
		}
		if n := len(other.List(1000)); n != 0 {
			t.Errorf("%.20q: %d keys were added", text, n)
		}
	}
	f("")
	f("{}")
	f(`{"keys":[]}`)
	f(strings.Replace(string(set), `"d":"`, `"d":"A`, 1))
	f(strings.Replace(string(set), `"kid":"`+b, `"kid":"`, 1))
	// Another key of a name that is taken.
	mine := must(to.New(1, 1))(t).ID
	if _, _, err := from.Import([]byte(strings.Replace(string(must(to.Export())(t)), mine, a, 1))); !errors.Is(err, ErrImport) {
		t.Errorf("a key of the same name: %v, not ErrImport", err)
	}
}
