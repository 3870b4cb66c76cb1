package torture

import (
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
)

// The history of one session as porcupine sees it: a register that holds the
// current refresh token, until it is dead.
type (
	input struct {
		session string
		op      op
		token   string // presented: a refresh token, or an access token
	}
	output struct {
		unknown bool
		ok      bool
		next    string // the new refresh token, after a refresh that worked
	}
	// state is a session's; a dead one has no current token.
	state struct {
		begun   bool
		dead    bool
		current string
		used    string // the tokens before it, each with a space behind it; with a grace alone
		lost    bool   // current is a token that nobody was told
	}
)

type op int

const (
	opBegin   op = iota
	opRefresh    // present a refresh token
	opRevoke     // revoke the session
	opAsk        // introspect an access token of it
)

// newModel is the model of sessions whose refresh tokens work once or, with a grace
// that lasts longer than the history, give the successor that there is.
func newModel(grace bool) porcupine.Model {
	m := model
	m.Step = func(s, in, out any) []any { return step(s, in, out, grace) }
	return m.ToModel()
}

var model = porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		by := map[string][]porcupine.Operation{}
		for _, o := range history {
			id := o.Input.(input).session
			by[id] = append(by[id], o)
		}
		var parts [][]porcupine.Operation
		for _, p := range by {
			parts = append(parts, p)
		}
		return parts
	},
	Init:  func() []any { return []any{state{}} },
	Equal: func(a, b any) bool { return a == b },
}

// step yields the states that may follow. A call without an answer may have
// done its work or not.
func step(s, in, out any, grace bool) []any {
	before, i, o := s.(state), in.(input), out.(output)
	var next []any
	if o.unknown {
		next = append(next, before)
	}
	switch i.op {
	case opBegin:
		if o.ok {
			next = append(next, state{begun: true, current: o.next})
		}
	case opAsk:
		if !o.unknown && o.ok == (before.begun && !before.dead) {
			next = append(next, before)
		}
	case opRevoke:
		if o.ok || o.unknown {
			next = append(next, state{begun: true, dead: true})
		}
	case opRefresh:
		next = append(next, refreshed(before, i, o, grace)...)
	}
	return slices.Compact(next)
}

func refreshed(before state, i input, o output, grace bool) []any {
	valid := before.begun && !before.dead && !before.lost && before.current == i.token
	if grace && !before.dead && !o.unknown {
		chain := strings.Fields(before.used + before.current)
		switch n := slices.Index(chain, i.token); {
		case valid && o.ok:
			return []any{state{begun: true, current: o.next, used: before.used + before.current + " "}}
		case n >= 0 && n < len(chain)-1 && o.ok && o.next == chain[n+1]:
			return []any{before}
		}
		return nil
	}
	switch {
	case o.unknown && valid:
		return []any{state{begun: true, lost: true}}
	case o.unknown && !before.dead:
		return []any{state{begun: true, dead: true}} // used before: the family is revoked
	case o.ok && valid:
		return []any{state{begun: true, current: o.next}}
	case !o.unknown && !o.ok && !valid:
		return []any{state{begun: true, dead: true}}
	}
	return nil
}
