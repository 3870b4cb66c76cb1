package rsa

import (
	"bytes"
	"crypto"
	std "crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
)

const maxHash = 64

var saltAsHash = &std.PSSOptions{SaltLength: std.PSSSaltLengthEqualsHash}

// VerifyPSS reports whether sig is the RSASSA-PSS signature (RFC 8017, section
// 8.1.2) of the message whose digest by hash is digest, with MGF1 of the same hash
// and a salt as long as the hash (RFC 7518, section 3.5). The verdict is that of
// crypto/rsa.VerifyPSS with PSSSaltLengthEqualsHash.
func (k *PublicKey) VerifyPSS(hash crypto.Hash, digest, sig []byte) bool {
	if k.fast == nil || prefixOf(hash) == nil {
		// Copies, so that the caller's bytes may stay on its stack.
		return std.VerifyPSS(&k.key, hash, bytes.Clone(digest), bytes.Clone(sig), saltAsHash) == nil
	}
	var room [maxBytes]byte
	em := room[:k.fast.size]
	if len(digest) != hash.Size() || !k.fast.encoded(em, sig) {
		return false
	}
	return pssHolds(hash, digest, em)
}

// pssHolds is EMSA-PSS-VERIFY (RFC 8017, section 9.1.2) for a modulus whose
// length is a multiple of eight bits, so that EM has as many bytes and its first
// bit is 0. It unmasks em in place.
func pssHolds(hash crypto.Hash, digest, em []byte) bool {
	size := hash.Size()
	db, h := em[:len(em)-size-1], em[len(em)-size-1:len(em)-1]
	if em[len(em)-1] != 0xbc || em[0]&0x80 != 0 {
		return false
	}
	unmask(hash, db, h)
	db[0] &= 0x7f
	// DB = PS || 0x01 || salt.
	salt := len(db) - size
	for _, b := range db[:salt-1] {
		if b != 0 {
			return false
		}
	}
	if db[salt-1] != 1 {
		return false
	}
	// M' = eight zeros || mHash || salt.
	var m [8 + 2*maxHash]byte
	copy(m[8:], digest)
	copy(m[8+size:], db[salt:])
	var sum [maxHash]byte
	return bytes.Equal(h, digestInto(&sum, hash, m[:8+2*size]))
}

// unmask exclusive-ors MGF1 of seed to db (RFC 8017, appendix B.2.1).
func unmask(hash crypto.Hash, db, seed []byte) {
	var in [maxHash + 4]byte
	var sum [maxHash]byte
	n := copy(in[:], seed)
	for counter := uint32(0); len(db) > 0; counter++ {
		binary.BigEndian.PutUint32(in[n:], counter)
		mask := digestInto(&sum, hash, in[:n+4])
		for i := range min(len(mask), len(db)) {
			db[i] ^= mask[i]
		}
		db = db[min(len(mask), len(db)):]
	}
}

// digestInto is the digest of b, a view of sum.
func digestInto(sum *[maxHash]byte, hash crypto.Hash, b []byte) []byte {
	switch hash {
	case crypto.SHA256:
		d := sha256.Sum256(b)
		return sum[:copy(sum[:], d[:])]
	case crypto.SHA384:
		d := sha512.Sum384(b)
		return sum[:copy(sum[:], d[:])]
	}
	*sum = sha512.Sum512(b)
	return sum[:]
}
