package ed25519

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"
)

// agree holds every path to a verdict that is known and to crypto/ed25519's.
func agree(t *testing.T, list []path, key, message, sig []byte, want bool) {
	t.Helper()
	if got := oracle(key, message, sig); got != want {
		t.Fatalf("crypto/ed25519 says %v, the vector %v: key %x message %x sig %x", got, want, key, message, sig)
	}
	for _, p := range list {
		if got := p.verify(key, message, sig); got != want {
			t.Errorf("%s: %v, want %v: key %x message %x sig %x", p.name, got, want, key, message, sig)
		}
	}
}

// Project Wycheproof's cases.
func TestWycheproof(t *testing.T) {
	data, err := fs.ReadFile(wycheproof.TestVectors, "ed25519_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		TestGroups []struct {
			PublicKey struct{ PK string }
			Tests     []struct{ Msg, Sig, Result string }
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	list, n := paths(), 0
	for _, g := range file.TestGroups {
		for _, v := range g.Tests {
			agree(t, list, unhex(g.PublicKey.PK), unhex(v.Msg), unhex(v.Sig), v.Result == "valid")
			n++
		}
	}
	if n < 151 {
		t.Errorf("%d cases, want 151 or more", n)
	}
}

// The cases on which implementations differ, at the version that Go's own test
// pins: https://hdevalence.ca/blog/2020-10-04-its-25519am.
func TestEd25519Vectors(t *testing.T) {
	const module = "filippo.io/mostly-harmless/ed25519vectors@v0.0.0-20210322192420-30a2d7243a94"
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		t.Fatalf("go mod download %s: %v: %s", module, err, out)
	}
	var place struct{ Dir string }
	if err := json.Unmarshal(out, &place); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(place.Dir, "ed25519vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		A, R, S, M string
		Flags      []string
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	list := paths()
	for _, v := range vectors {
		// Without the cofactor a residue of low order shows, and R is compared
		// with a canonical encoding.
		want := !slices.Contains(v.Flags, "LowOrderResidue") && !slices.Contains(v.Flags, "NonCanonicalR")
		agree(t, list, unhex(v.A), []byte(v.M), append(unhex(v.R), unhex(v.S)...), want)
	}
	if len(vectors) != 768 {
		t.Errorf("%d cases, want 768", len(vectors))
	}
}

// The reference implementation's signatures of messages of 0 to 127 bytes,
// as many as Go's own test keeps, each good as it is and bad with one bit flipped.
func TestSignInput(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(strings.TrimSpace(string(root)), "src/crypto/ed25519/testdata/sign.input.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	list, n := paths(), 0
	for lines := bufio.NewScanner(z); lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), ":")
		key, message := unhex(fields[1]), unhex(fields[2])
		sig := unhex(fields[3])[:SignatureSize]
		agree(t, list, key, message, sig, true)
		bad := bytes.Clone(sig)
		bad[n%SignatureSize] ^= 1 << (n % 8)
		agree(t, list, key, message, bad, false)
	}
	if n != 128 {
		t.Errorf("%d signatures, want 128", n)
	}
}
