package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tollgate/tollgate/engine"
)

func verifier(t *testing.T) *engine.Engine {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, mintJWKS(), 0o600); err != nil {
		t.Fatal(err)
	}
	f := verifyFlags{jwks: path, typ: "at+jwt", at: mintedAt + 30}
	e, err := f.engine(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func verdicts(t *testing.T, e *engine.Engine, in string) (tally, []string) {
	t.Helper()
	var out bytes.Buffer
	n, err := verifyLines(strings.NewReader(in), &out, e, nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(out.String(), "\n")
	return n, lines[:len(lines)-1]
}

// Every line gets one verdict, whatever the line.
func TestVerifyLines(t *testing.T) {
	e := verifier(t)
	good := mint(t, "at+jwt", "k1", nil)
	f := func(in string, want ...bool) {
		t.Helper()
		n, lines := verdicts(t, e, in)
		if n.tokens != len(want) || len(lines) != len(want) {
			t.Errorf("%.40q: %d tokens, %d lines, want %d", in, n.tokens, len(lines), len(want))
			return
		}
		for i, line := range lines {
			if strings.HasPrefix(line, `{"valid":true,"claims":{`) != want[i] {
				t.Errorf("%.40q: verdict %d: %s", in, i, line)
			}
			if !want[i] && !strings.HasPrefix(line, `{"valid":false,"error":"malformed","detail":"`) {
				t.Errorf("%.40q: verdict %d: %s", in, i, line)
			}
		}
	}
	f("")
	f("\n", false)
	f(good, true)
	f(good+"\n", true)
	f(good+"\r\n"+good+"\n", true, true)
	f(good+"\n\n"+good, true, false, true)
	f(" "+good+"\n"+good+" \n", false, false)
	f(strings.Repeat("a", 1<<20)+"\n"+good, false, true)
	f(good+strings.Repeat("\n", 3)+strings.Repeat(".", maxLine+1), true, false, false, false)
}

// The verdicts come in the order of the tokens, whichever core was faster.
func TestVerifyLinesOrder(t *testing.T) {
	e := verifier(t)
	var in strings.Builder
	const n = 3*blockLines + 7
	for i := range n {
		if i%3 == 0 {
			in.WriteString("nonsense\n")
			continue
		}
		in.WriteString(mint(t, "at+jwt", "k1", map[string]any{"jti": fmt.Sprint("t", i)}) + "\n")
	}
	count, lines := verdicts(t, e, in.String())
	if count.tokens != n || count.valid != n-(n+2)/3 {
		t.Errorf("%+v", count)
	}
	for i, line := range lines {
		if i%3 == 0 {
			continue
		}
		if got := payloadOf(t, line)["jti"]; got != fmt.Sprint("t", i) {
			t.Fatalf("verdict %d is of token %v", i, got)
		}
	}
}

// Claims with line breaks in them still make one line.
func TestVerdictIsOneLine(t *testing.T) {
	e := verifier(t)
	token := mint(t, "at+jwt", "k1", map[string]any{"note": "a\nb"})
	if _, lines := verdicts(t, e, token); len(lines) != 1 || payloadOf(t, lines[0])["note"] != "a\nb" {
		t.Errorf("%q", lines)
	}
}

func TestVerifyLinesErrors(t *testing.T) {
	e := verifier(t)
	broken := errors.New("the disk is gone")
	good := mint(t, "at+jwt", "k1", nil) + "\n"
	in := io.MultiReader(strings.NewReader(good), iotest.ErrReader(broken))
	var out bytes.Buffer
	if n, err := verifyLines(in, &out, e, nil); !errors.Is(err, broken) || n.valid != 1 {
		t.Errorf("reading: %+v, %v", n, err)
	}
	if _, err := verifyLines(strings.NewReader(strings.Repeat(good, 5000)), full{}, e, nil); !errors.Is(err, errFull) {
		t.Errorf("writing: %v", err)
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
