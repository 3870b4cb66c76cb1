package signing

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Keyring is the keys of an installation. It is safe for concurrent use.
type Keyring struct {
	vault  vault // nil: the keys are the environment's and cannot be changed
	shared bool  // other services change the vault as well
	tail   int64 // the longest life, in seconds, of a token that is signed

	changing  sync.Mutex
	refreshed atomic.Int64 // when refresh last read the vault, Unix nanoseconds

	ring    atomic.Pointer[ring]
	revoked atomic.Pointer[func(string) bool] // by the feed; see Follow
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
	var set keySet
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		return nil, errors.New("signing keys from the environment are not a JWK set") // err could quote them
	}
	r := &Keyring{tail: tail}
	return r, r.use(set.Keys)
}

// Open reads the keys in dir, which sign tokens that live for tail seconds at
// most, and makes the folder where there is none. It refuses a folder that others
// may write to, and key files that others may read.
func Open(dir string, tail int64) (*Keyring, error) {
	files, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	r := &Keyring{vault: files, tail: tail}
	if err := r.Reload(); err != nil {
		return nil, err
	}
	return r, r.extend()
}

// Reload reads the keys again, which another process may have changed.
func (r *Keyring) Reload() error {
	if r.vault == nil {
		return nil
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	return r.reload()
}

func (r *Keyring) reload() error {
	records, err := r.vault.read()
	if err != nil {
		return err
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

// live is the ring with the keys that the feed has revoked marked as retired.
func (r *Keyring) live() ring {
	all := *r.ring.Load()
	revoked := r.revoked.Load()
	if revoked == nil {
		return all
	}
	out := all
	for i, k := range all {
		if k.Retired != 0 || !(*revoked)(k.ID) {
			continue
		}
		if &out[0] == &all[0] {
			out = slices.Clone(all)
		}
		dead := *k
		dead.Retired = math.MaxInt64
		out[i] = &dead
	}
	return out
}
