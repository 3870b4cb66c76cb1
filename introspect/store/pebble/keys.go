package pebble

import (
	"encoding/binary"

	"github.com/tollgate/tollgate/introspect/store"
)

// Every key begins with a letter for what it holds.
const (
	prefixMeta    = 'm' // name -> what it says
	prefixUser    = 'u' // id -> JSON
	prefixClient  = 'c' // id -> JSON
	prefixAccess  = 't' // digest -> token record
	prefixRefresh = 'r' // digest -> expiry, session
	prefixSession = 's' // sid -> session record
	prefixEvent   = 'f' // sequence number -> JSON
	prefixRecord  = 'd' // kind, digest -> record
	prefixOwned   = 'o' // kind, owner, digest -> nothing: the owner's list
	prefixExpiry  = 'x' // expiry, key of a record -> keys of others written with it
)

func digestKey(prefix byte, d store.Digest) []byte {
	return append([]byte{prefix}, d[:]...)
}

func nameKey(prefix byte, name string) []byte {
	return append([]byte{prefix}, name...)
}

func eventKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixEvent}, seq)
}

// expiryKey sorts by the second in which key expires.
func expiryKey(expires int64, key []byte) []byte {
	b := make([]byte, 0, 9+len(key))
	b = binary.BigEndian.AppendUint64(append(b, prefixExpiry), uint64(expires))
	return append(b, key...)
}

// appendKey appends one of the other keys of an entry of the expiry index.
func appendKey(b, key []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(key))), key...)
}

// splitExpiry returns the keys that an entry of the expiry index names. They are
// slices of k and v.
func splitExpiry(k, v []byte) ([][]byte, error) {
	if len(k) < 10 || k[0] != prefixExpiry {
		return nil, errDamaged
	}
	keys := [][]byte{k[9:]}
	for len(v) > 0 {
		n, used := binary.Uvarint(v)
		if used <= 0 || n == 0 || n > uint64(len(v)-used) {
			return nil, errDamaged
		}
		end := used + int(n)
		keys = append(keys, v[used:end])
		v = v[end:]
	}
	return keys, nil
}

func appendRefresh(b []byte, expires int64, session string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(expires)), session...)
}

func splitRefresh(v []byte) (expires int64, session string, ok bool) {
	if len(v) < 8 {
		return 0, "", false
	}
	return int64(binary.BigEndian.Uint64(v)), string(v[8:]), true
}
