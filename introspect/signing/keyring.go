package signing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Keyring is the keys of an installation. It is safe for concurrent use.
type Keyring struct {
	dir  string // empty: the keys are the environment's and cannot be changed
	tail int64  // the longest life, in seconds, of a token that is signed

	changing sync.Mutex
	ring     atomic.Pointer[ring]
	revoked  atomic.Pointer[map[string]bool] // by the feed; see Revoke
}

// State is what a key does at a given time.
type State string

// The states of a key, in the order of its life.
const (
	Coming  State = "coming"  // published, not yet signing
	Signing State = "signing" // signing
	Leaving State = "leaving" // published until its last token has expired
	Gone    State = "gone"    // published no more
	Retired State = "retired" // retired: its tokens are dead
)

// Info is what may be told about a key.
type Info struct {
	ID      string `json:"kid"`
	State   State  `json:"state"`
	Created int64  `json:"created"`
	Signs   int64  `json:"signs_from"`
	Until   int64  `json:"published_until,omitempty"` // where that is known
	Retired int64  `json:"retired,omitempty"`
}

// ErrFixed: keys that come from the environment are changed there.
var ErrFixed = errors.New("signing keys come from the environment: change them there")

// FromEnv reads a JWK set of private keys, which sign tokens that live for tail
// seconds at most.
func FromEnv(text string, tail int64) (*Keyring, error) {
	var set struct {
		Keys []record `json:"keys"`
	}
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		return nil, errors.New("signing keys from the environment are not a JWK set") // err could quote them
	}
	r := &Keyring{tail: tail}
	return r, r.use(set.Keys)
}

// Open reads the keys in dir, which sign tokens that live for tail seconds at
// most, and makes the folder where there is none. It refuses key files that
// others than their owner may read.
func Open(dir string, tail int64) (*Keyring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	r := &Keyring{dir: dir, tail: tail}
	if err := r.Reload(); err != nil {
		return nil, err
	}
	return r, r.extend()
}

// Reload reads the folder again, for keys that another process has changed.
func (r *Keyring) Reload() error {
	if r.dir == "" {
		return nil
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	return r.reload()
}

func (r *Keyring) reload() error {
	names, err := filepath.Glob(filepath.Join(r.dir, "*.json"))
	if err != nil {
		return err
	}
	var records []record
	for _, name := range names {
		k, err := readRecord(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("signing key %q: %w", name, err)
		}
		if want := fileName(k.ID); filepath.Base(name) != want {
			return fmt.Errorf("signing key %q: the file of this kid must be called %q", name, want)
		}
		records = append(records, k)
	}
	return r.use(records)
}

func (r *Keyring) use(records []record) error {
	var keys []*key
	for _, rec := range records {
		rec.Tail = max(rec.Tail, r.tail)
		k, err := newKey(rec)
		if err != nil {
			return err
		}
		keys = append(keys, k)
	}
	next, err := newRing(keys)
	if err != nil {
		return err
	}
	r.ring.Store(&next)
	return nil
}

func readRecord(name string) (k record, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return k, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return k, fmt.Errorf("mode %04o lets others read it; it must be 0600", info.Mode().Perm())
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return k, err
	}
	if json.Unmarshal(text, &k) != nil {
		return k, errKey // the cause could quote the key
	}
	return k, nil
}

// writeRecord replaces the file of a key whole and makes that durable.
func (r *Keyring) writeRecord(rec record) error {
	text, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(r.dir, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(r.dir, fileName(rec.ID)))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(r.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// fileName lets a kid name a file: what it may not contain is replaced.
func fileName(kid string) string {
	return strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			return c
		}
		return '_'
	}, kid) + ".json"
}

// live is the ring with the keys that the feed has revoked marked as retired.
func (r *Keyring) live() ring {
	all := *r.ring.Load()
	revoked := r.revoked.Load()
	if revoked == nil {
		return all
	}
	out := slices.Clone(all)
	for i, k := range out {
		if (*revoked)[k.ID] && k.Retired == 0 {
			dead := *k
			dead.Retired = math.MaxInt64
			out[i] = &dead
		}
	}
	return out
}
