package signing

import "testing"

// A kid is an argument of tollgate keys retire, so none looks like a flag. Of
// this many thumbprints, all but one in 2,000 test runs have one that would.
func TestKeyIDIsNoFlag(t *testing.T) {
	for range 500 {
		k, err := generate(1, 1)
		if err != nil {
			t.Fatal(err)
		}
		if k.ID[0] == '-' {
			t.Fatalf("kid %s looks like a flag", k.ID)
		}
	}
}
