package store

import (
	"encoding/json"
	"testing"
)

// A client that an older version has written keeps its secret, and is written
// again as it was, so that a comparison of what is stored still succeeds.
func TestClientOfAnOlderVersion(t *testing.T) {
	digest := DigestOf([]byte("secret"))
	hex, err := digest.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	text := `{"id":"app","secret":"` + string(hex) + `","service":true,"created":1700000000}`
	var c Client
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	if list := c.Secrets(); len(list) != 1 || list[0] != (Secret{digest, 1700000000}) {
		t.Errorf("secrets are %v", list)
	}
	if again, err := json.Marshal(&c); err != nil || string(again) != text {
		t.Errorf("written again: %s (%v), not %s", again, err, text)
	}
}

func TestSecretsOutliveTheRecord(t *testing.T) {
	one, two := Secret{DigestOf([]byte("one")), 1}, Secret{DigestOf([]byte("two")), 2}
	f := func(list ...Secret) {
		t.Helper()
		c := Client{ID: "app", Created: 5}
		c.SetSecrets(list...)
		text, err := json.Marshal(&c)
		if err != nil {
			t.Fatal(err)
		}
		var back Client
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		got := back.Secrets()
		if len(got) != len(list) {
			t.Fatalf("%d secrets came back, not %d", len(got), len(list))
		}
		for i := range list {
			if got[i] != list[i] {
				t.Errorf("secret %d is %v, not %v", i, got[i], list[i])
			}
		}
	}
	f()
	f(one)
	f(one, two)
}
