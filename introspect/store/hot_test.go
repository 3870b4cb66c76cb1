package store

import "testing"

// A full shard forgets the oldest of its tokens, whichever were deleted or put
// twice in between, and never holds more than it may.
func TestHotForgetsTheOldest(t *testing.T) {
	const each = 4
	h := NewHot(64 * each)
	digest := func(i byte) Digest { return Digest{0, i} } // of one shard
	token := func(i byte) *Token { return &Token{Issued: int64(i)} }
	held := func() (all []byte) {
		for i := range byte(100) {
			if x := h.Get(digest(i)); x != nil {
				if x.Issued != int64(i) {
					t.Errorf("token %d is found as %d", x.Issued, i)
				}
				all = append(all, i)
			}
		}
		return all
	}
	for i := range byte(6) {
		h.Put(digest(i), token(i))
	}
	if got := held(); string(got) != "\x02\x03\x04\x05" {
		t.Errorf("of six tokens %v are held, want the last four", got)
	}
	h.Delete(digest(4))
	h.Put(digest(3), token(3))
	h.Put(digest(6), token(6))
	if got := held(); string(got) != "\x05\x06" {
		t.Errorf("%v are held, want 5 and 6: 4 was deleted, and 3 went with its first place", got)
	}
	for i := byte(10); i < 100; i++ {
		h.Put(digest(i), token(i))
		if got := held(); len(got) > each {
			t.Fatalf("%v are held, at most %d may be", got, each)
		}
	}
	if got := held(); string(got) != "\x60\x61\x62\x63" {
		t.Errorf("%v are held, want the last four", got)
	}
}
