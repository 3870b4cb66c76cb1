package account

import (
	"errors"
	"testing"
)

func TestIDKey(t *testing.T) {
	same := func(ids ...string) {
		t.Helper()
		for _, id := range ids[1:] {
			if got, want := IDKey(id), IDKey(ids[0]); got != want {
				t.Errorf("%q has the key %q, and %q has %q; wanted one key", id, got, ids[0], want)
			}
		}
	}
	same("alice", "Alice", "ALICE", "\uff41lice", "аlice", "alіce") // width, Cyrillic a and i
	same("zoë", "Zoë", "zoe\u0308", "ZOE\u0308")                    // composed and not
	same("omar", "οmar", "оmar")                                    // Greek and Cyrillic o
	keys := map[string]string{}
	for _, id := range []string{"alice", "alice1", "a-lice", "álice", "алиса", "alice@example", "auth0|1a", "zoe", "bl", "b1"} {
		if other, taken := keys[IDKey(id)]; taken {
			t.Errorf("%q and %q have one key", id, other)
		}
		keys[IDKey(id)] = id
	}
}

func TestCanonicalID(t *testing.T) {
	for id, want := range map[string]string{
		"alice": "alice", "Alice": "alice", "ÅSA": "åsa", "\uff21": "a", "A B": "a b", "аlice": "аlice",
	} {
		if got := CanonicalID(id); got != want {
			t.Errorf("%q is %q, wanted %q", id, got, want)
		}
	}
}

func TestCheckUserIDByPRECIS(t *testing.T) {
	for _, id := range []string{"alice", "Zoë", "用户", "auth0|5f7c", "alice+test@example.com"} {
		if err := CheckUserID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, id := range []string{"a\u200bb", "☃", "ⅣIV", "a\u00adb", "a\u202eb"} {
		if err := CheckUserID(id); !errors.Is(err, ErrUserID) {
			t.Errorf("%q: %v, wanted ErrUserID", id, err)
		}
	}
}
