package jwt

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	f := func(text string) {
		t.Helper()
		if err := Validate([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if !oracle([]byte(text)) {
			t.Errorf("%q: refused by the oracle", text)
		}
	}
	f(`{}`)
	f(" \t\r\n{ \"a\" : [ 1 , -0.5e+7 , true , false , null , \"\" ] } ")
	f(`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀"`)
	// DEL and U+2028 are text
	f("\"\x7f\u2028\"")
	// the same name in different objects, and a name equal to a value
	f(`{"a":{"a":[{"a":"a"},{"a":1}]},"b":{"a":1}}`)
	// more names than are compared one by one
	f(string(many(few+1, "other")))
	f(string(many(1000, "other")))
	f(strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth))
	f(strings.Repeat(`{"a":`, maxDepth-1) + "{}" + strings.Repeat("}", maxDepth-1))
	// strings of every length up to several words, to meet the quote at any place
	for n := range 40 {
		f(`"` + strings.Repeat("x", n) + `"`)
		f(`"` + strings.Repeat("x", n) + `é\n"`)
	}
}

func TestValidateRefuses(t *testing.T) {
	f := func(text string, want error) {
		t.Helper()
		if err := Validate([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
		if oracle([]byte(text)) {
			t.Errorf("%q: accepted by the oracle", text)
		}
	}
	for _, text := range []string{
		``, ` `, `{`, `}`, `[`, `[1`, `[1,]`, `[,1]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{a:1}`, `{'a':1}`, `{"a":1 "b":2}`,
		`{} {}`, `{}x`, `[1 2]`, `nul`, `nulll`, `True`, `tru`, `NaN`, `Infinity`, `-`, `+1`, `01`, `-01`, `1.`, `.5`, `1e`, `1e+`, `0x1`, `1_000`,
		`"`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"\n\"", "\"\x00\"", "\"\x1f\"", "\ufeff{}", "{}\x00", "\x00", "[\x00]", "/**/{}", `{"a":1}}`, `[1]]`, `{]`, `[}`,
		"\u00a0{}", "{\v}", "{\f}",
	} {
		f(text, errJSON)
	}
	// not UTF-8: a lone continuation, an overlong slash, a surrogate, beyond Unicode, cut off
	for _, bytes := range []string{"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"} {
		f(`"`+bytes+`"`, errUTF8)
		f(`{"`+bytes+`":1}`, errUTF8)
	}
	for _, half := range []string{`\ud800`, `\udc00`, `\ud800x`, `\ud800\n`, `\ud800\ud800`, `\udc00\ud800`, `\ud83d\u0041`} {
		f(`"`+half+`"`, errSurrogate)
	}
	f(`{"a":1,"a":1}`, errDuplicate)
	f(`{"a":1,"\u0061":1}`, errDuplicate)
	f(`{"":1,"":1}`, errDuplicate)
	f(`{"é":1,"\u00e9":1}`, errDuplicate)
	f(`{"\ud83d\ude00":1,"😀":1}`, errDuplicate)
	f(`[{"b":{"a":1,"c":{},"a":1}}]`, errDuplicate)
	// the first name again after an object inside
	f(`{"a":{"x":1},"b":{"y":[{"a":1}]},"a":1}`, errDuplicate)
	// around the change from comparing one by one to hashing
	for n := few - 1; n <= few+3; n++ {
		f(string(many(n, "n0")), errDuplicate)
		f(string(many(n, `\u006e1`)), errDuplicate)
	}
	f(string(many(1000, "n500")), errDuplicate)
	f(strings.Repeat("[", maxDepth+1)+strings.Repeat("]", maxDepth+1), errDepth)
	f(strings.Repeat("[", 100000), errDepth)
	f(strings.Repeat(`{"a":`, maxDepth)+"{}"+strings.Repeat("}", maxDepth), errDepth)
}

// An object's names in the table must not be taken for another object's.
func TestValidateTableIsOneObjects(t *testing.T) {
	inner := string(many(few+5, "other"))
	text := `{"n0":` + inner + `,"n1":` + inner + `,"other":` + inner + `}`
	if err := Validate([]byte(text)); err != nil {
		t.Error(err)
	}
	if err := Validate([]byte(strings.Replace(text, `"n1":`+inner, `"n0":`+inner, 1))); !errors.Is(err, errDuplicate) {
		t.Error(err)
	}
}

// The whole of nst/JSONTestSuite: y_ must be accepted, n_ must not, and on i_ the
// oracle decides.
func TestJSONTestSuite(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectors(t, "json/JSONTestSuite/test_parsing"), "*.json"))
	if err != nil || len(files) < 300 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	// Two that the suite calls valid have a name twice.
	duplicate := map[string]bool{"y_object_duplicated_key.json": true, "y_object_duplicated_key_and_value.json": true}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		err = Validate(b)
		want := name[0] == 'y' && !duplicate[name]
		if name[0] == 'i' {
			want = oracle(b)
		}
		if (err == nil) != want {
			t.Errorf("%s: %v, want accepted: %v", name, err, want)
		}
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v is not ErrMalformed", name, err)
		}
	}
}

func FuzzValidate(f *testing.F) {
	for _, s := range []string{`{"iss":"a","aud":["b","c"],"exp":1.5e9,"x":{"y":[null,true]}}`, `{"a":1,"\u0061":2}`, `"\ud83d\ude00"`, `"\ud800"`, `[[[]]]`, "\"\xff\""} {
		f.Add([]byte(s))
	}
	f.Add(many(few+2, "n3"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := Validate(b); (err == nil) != oracle(b) {
			t.Errorf("%q: %v, oracle: %v", b, err, oracle(b))
		}
	})
}

// Texts one or two changes away from valid ones, compared with the oracle.
func TestValidateMutations(t *testing.T) {
	seeds := [][]byte{
		[]byte(`{"iss":"https://a.example","aud":["b","c"],"exp":1.5e9,"x":{"y":[null,true,-0.1],"y2":""}}`),
		[]byte(`{"\u0061\ud83d\ude00é😀":"\"\\\n","a":[[],{}]} `),
		many(few+2, "n3"), many(few+1, "x"),
	}
	const alphabet = "{}[]\",:\\u0019dDaAeE+-. \t\n\x00\x1f\x7f\x80\xc3\xa9\xed\xf0nulltruefalse"
	random := rand.New(rand.NewPCG(4, 5))
	accepted := 0
	for range 60000 {
		b := bytes.Clone(seeds[random.IntN(len(seeds))])
		for range 1 + random.IntN(2) {
			at := random.IntN(len(b))
			switch c := alphabet[random.IntN(len(alphabet))]; random.IntN(4) {
			case 0:
				b[at] = c
			case 1:
				b = slices.Insert(b, at, c)
			case 2:
				b = slices.Delete(b, at, at+1)
			default: // a piece of it again somewhere else
				piece := bytes.Clone(b[at:min(len(b), at+random.IntN(12))])
				b = slices.Insert(b, random.IntN(len(b)), piece...)
			}
		}
		err := Validate(b)
		if (err == nil) != oracle(b) {
			t.Fatalf("%q: %v, oracle: %v", b, err, oracle(b))
		}
		if err == nil {
			accepted++
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d were accepted: the mutations prove little", accepted)
	}
}
