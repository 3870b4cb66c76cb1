package generator

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Requests is where a thread gets the next request from.
type Requests interface {
	// AppendNext appends the next request, head and body, to dst.
	AppendNext(dst []byte) []byte
}

// A Pick chooses the next of n tokens.
type Pick func(n int) int

// Uniform picks every token with the same chance, by a seed.
func Uniform(seed uint64) Pick {
	rng := rand.New(rand.NewPCG(seed, 0x746f6b656e73))
	return rng.IntN
}

// InTurn picks one token after the other, beginning with the one at start.
func InTurn(start int) Pick {
	next := start
	return func(n int) int {
		i := next % n
		next = i + 1
		return i
	}
}

// HotAndCold picks one of the first hot tokens with probability ratio, uniformly,
// and otherwise the next of the rest, which are in turn so that none comes back
// before all others have.
func HotAndCold(hot int, ratio float64, seed uint64) Pick {
	rng := rand.New(rand.NewPCG(seed, 0x636f6c64))
	cold := InTurn(0)
	return func(n int) int {
		if hot >= n || rng.Float64() < ratio {
			return rng.IntN(min(hot, n))
		}
		return hot + cold(n-hot)
	}
}

type get struct {
	head   []byte
	tokens [][]byte
	pick   Pick
}

// Get returns GET requests for a path, each with a token out of the set as
// bearer; an empty set sends none. The set is not copied and may be of any size.
func Get(host, path string, tokens [][]byte, pick Pick) (Requests, error) {
	if strings.ContainsAny(host+path, " \r\n") || !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("host %q or path %q cannot stand in a request line", host, path)
	}
	if len(tokens) > 0 && pick == nil {
		return nil, errors.New("tokens, and no way to pick one")
	}
	g := &get{tokens: tokens, pick: pick}
	g.head = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n", path, host)
	return g, nil
}

func (g *get) AppendNext(dst []byte) []byte {
	dst = append(dst, g.head...)
	if len(g.tokens) > 0 {
		dst = append(dst, "Authorization: Bearer "...)
		dst = append(dst, g.tokens[g.pick(len(g.tokens))]...)
		dst = append(dst, "\r\n"...)
	}
	return append(dst, "\r\n"...)
}
