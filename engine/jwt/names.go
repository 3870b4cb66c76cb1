package jwt

import (
	"bytes"
	"hash/maphash"
)

// few is how many names of one object are compared with each other one by one.
// Objects of more go through a hash table, so that a payload made of nothing but
// names costs linear time.
const few = 16

// names finds duplicate names. It holds those of the objects that are open,
// innermost last, so that scanning any payload reuses the same memory.
type names struct {
	list   [][]byte
	serial int                // objects opened so far
	table  map[entry]struct{} // names of objects that have more than few
}

// entry is a name in the table: its object, and its hash under a random seed.
type entry struct {
	serial int
	hash   uint64
}

var seed = maphash.MakeSeed()

// A scope is one open object: where its names start, and its serial number.
type scope struct{ base, serial int }

func (n *names) reset() {
	clear(n.list) // lets go of the bytes
	n.list, n.serial = n.list[:0], 0
	clear(n.table)
}

func (n *names) open() scope {
	n.serial++
	return scope{len(n.list), n.serial}
}

func (n *names) close(s scope) { n.list = n.list[:s.base] }

// add reports whether name is new in the object, and adds it.
func (n *names) add(s scope, name []byte) bool {
	siblings := n.list[s.base:]
	n.list = append(n.list, name)
	switch {
	case len(siblings) < few:
		return !contains(siblings, name)
	case len(siblings) == few:
		if n.table == nil {
			n.table = make(map[entry]struct{})
		}
		for _, sibling := range siblings {
			n.table[entry{s.serial, maphash.Bytes(seed, sibling)}] = struct{}{}
		}
	}
	e := entry{s.serial, maphash.Bytes(seed, name)}
	// Equal hashes are looked into; it is one look a payload, because equal names
	// end the scan and unequal ones of equal hash are not to be had.
	if _, ok := n.table[e]; ok && contains(siblings, name) {
		return false
	}
	n.table[e] = struct{}{}
	return true
}

func contains(list [][]byte, name []byte) bool {
	for _, b := range list {
		if bytes.Equal(b, name) {
			return true
		}
	}
	return false
}
