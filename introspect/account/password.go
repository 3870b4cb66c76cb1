package account

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// MaxPassword is how long a password may be, in bytes. Longer ones are refused
// before any work is done on them.
const MaxPassword = 1024

var (
	// ErrPasswordLength: the password is empty or longer than MaxPassword.
	ErrPasswordLength = errors.New("password must be 1 to 1024 bytes")
	// ErrHash: the hash is of no form that is understood here.
	ErrHash = errors.New("password hash must be a PHC string of argon2id or argon2i, or bcrypt's $2a$, $2b$ or $2y$")
	// ErrCost: to check a password by the hash takes too long.
	ErrCost = errors.New("password hash costs too much: memory times passes must be at most 1 GiB")
)

// Params is the cost of an argon2id hash (RFC 9106, section 3.1).
type Params struct {
	MemoryKiB uint32 `yaml:"memory_kib"`
	Time      uint32 `yaml:"time"`
	Parallel  uint8  `yaml:"parallel"`
}

// DefaultParams is the least that OWASP recommends. The choices of RFC 9106,
// section 4, take 64 MiB and 2 GiB a hash, which not every machine has to give.
var DefaultParams = Params{MemoryKiB: 19 << 10, Time: 2, Parallel: 1}

// Bounds on what a stored hash may ask for: an imported hash is data, and must
// not be able to take the machine down.
const (
	maxMemoryKiB = 1 << 20
	maxTime      = 64
	maxParallel  = 16
	maxBcrypt    = 14
	// KiB times passes: 3 s of a processor of today, so that two of them, where
	// a hash is renewed at login, are within workTime.
	maxWork = 1 << 20
)

// Check reports what is wrong with p.
func (p Params) Check() error {
	switch {
	case p.MemoryKiB < 8<<10 || p.MemoryKiB > maxMemoryKiB:
		return fmt.Errorf("memory_kib: %d is not from 8192 to %d", p.MemoryKiB, maxMemoryKiB)
	case p.Time < 1 || p.Time > maxTime:
		return fmt.Errorf("time: %d is not from 1 to %d", p.Time, maxTime)
	case p.Parallel < 1 || p.Parallel > maxParallel:
		return fmt.Errorf("parallel: %d is not from 1 to %d", p.Parallel, maxParallel)
	case p.work() > maxWork:
		return fmt.Errorf("time: %d passes over memory_kib %d are more than %d KiB, which takes seconds: lower either", p.Time, p.MemoryKiB, maxWork)
	}
	return nil
}

func (p Params) work() uint64 { return uint64(p.MemoryKiB) * uint64(p.Time) }

const (
	saltLen = 16
	keyLen  = 32
)

// hash is a parsed hash.
type hash struct {
	text   string
	kind   string // argon2id, argon2i, bcrypt
	params Params
	salt   []byte
	key    []byte // bcrypt: the whole string
}

// newHash hashes password under a fresh salt.
func newHash(password []byte, p Params) string {
	salt := make([]byte, saltLen)
	rand.Read(salt)
	key := argon2.IDKey(password, salt, p.Time, p.MemoryKiB, p.Parallel, keyLen)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.MemoryKiB, p.Time, p.Parallel,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// CheckHash reports whether a hash from elsewhere can be used here.
func CheckHash(phc string) error {
	_, err := parseHash(phc)
	return err
}

func parseHash(phc string) (*hash, error) {
	if strings.HasPrefix(phc, "$2") {
		cost, err := bcrypt.Cost([]byte(phc))
		if err != nil || cost > maxBcrypt {
			return nil, ErrHash
		}
		return &hash{text: phc, kind: "bcrypt", key: []byte(phc)}, nil
	}
	part := strings.Split(phc, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" && part[1] != "argon2i" ||
		part[2] != "v="+strconv.Itoa(argon2.Version) {
		return nil, ErrHash
	}
	h := &hash{text: phc, kind: part[1]}
	costs := strings.Split(part[3], ",")
	if len(costs) != 3 {
		return nil, ErrHash
	}
	memory, ok1 := cost(costs[0], "m=", maxMemoryKiB)
	time, ok2 := cost(costs[1], "t=", maxTime)
	parallel, ok3 := cost(costs[2], "p=", maxParallel)
	if !ok1 || !ok2 || !ok3 {
		return nil, ErrHash
	}
	h.params = Params{memory, time, uint8(parallel)}
	if h.params.work() > maxWork {
		return nil, ErrCost
	}
	var err1, err2 error
	h.salt, err1 = base64.RawStdEncoding.Strict().DecodeString(part[4])
	h.key, err2 = base64.RawStdEncoding.Strict().DecodeString(part[5])
	if err1 != nil || err2 != nil || len(h.salt) < 8 || len(h.salt) > 64 || len(h.key) < 16 || len(h.key) > 64 {
		return nil, ErrHash
	}
	return h, nil
}

func cost(s, name string, limit uint64) (uint32, bool) {
	digits, ok := strings.CutPrefix(s, name)
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), ok && err == nil && n >= 1 && n <= limit
}

// matches reports whether password is the one that was hashed.
func (h *hash) matches(password []byte) bool {
	p := h.params
	var key []byte
	switch h.kind {
	case "bcrypt":
		// bcrypt ignores what follows the 72nd byte; x/crypto/bcrypt refuses
		// such passwords when hashing, and cuts them here as others do.
		return bcrypt.CompareHashAndPassword(h.key, password[:min(len(password), 72)]) == nil
	case "argon2i":
		key = argon2.Key(password, h.salt, p.Time, p.MemoryKiB, p.Parallel, uint32(len(h.key)))
	default:
		key = argon2.IDKey(password, h.salt, p.Time, p.MemoryKiB, p.Parallel, uint32(len(h.key)))
	}
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

// current reports whether h is what newHash makes with p today.
func (h *hash) current(p Params) bool {
	return h.kind == "argon2id" && h.params == p && len(h.salt) == saltLen && len(h.key) == keyLen
}
