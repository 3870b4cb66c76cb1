package yamlconf

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type route struct {
	Prefix   string   `yaml:"prefix"`
	Methods  []string `yaml:"methods"`
	Upstream string   `yaml:"upstream"`
	Public   bool     `yaml:"public"`
}

type limits struct {
	Rate float64 `yaml:"rate"`
	Body int64   `yaml:"body"`
	Port uint16  `yaml:"port"`
}

type level int

func (l *level) UnmarshalText(text []byte) error {
	switch string(text) {
	case "low":
		*l = 1
	case "high":
		*l = 2
	default:
		return errors.New("must be low or high")
	}
	return nil
}

type config struct {
	Listen string        `yaml:"listen"`
	TTL    time.Duration `yaml:"ttl"`
	Level  level         `yaml:"level"`
	Limits limits        `yaml:",inline"`
	Cache  *struct {
		Bytes int `yaml:"bytes"`
	} `yaml:"cache"`
	Labels  map[string]string `yaml:"labels"`
	Issuers map[string]route  `yaml:"issuers"`
	Routes  []route           `yaml:"routes"`
	Now     func() time.Time  // not configurable
	fail    error
}

func (c *config) Check() error { return c.fail }

func TestParse(t *testing.T) {
	c := config{Listen: ":1", TTL: time.Minute}
	err := Parse("c.yaml", []byte(`
# the whole of it
ttl: 1m30s
level: high
rate: 2.5
body: 16MiB
port: 8080
cache:
  bytes: 1 GiB
labels: {a: b, "c d": 'e'}
issuers:
  https://issuer.example:
    prefix: /i
routes:
  - prefix: /orders
    methods: [GET, POST]
    upstream: http://127.0.0.1:8070
  - {prefix: /healthz, public: true}
`), &c)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != ":1" {
		t.Errorf("listen %q: a default was overwritten", c.Listen)
	}
	if c.TTL != 90*time.Second || c.Level != 2 || c.Limits != (limits{2.5, 16 << 20, 8080}) || c.Cache.Bytes != 1<<30 {
		t.Errorf("scalars: %+v, cache %+v", c, c.Cache)
	}
	if len(c.Labels) != 2 || c.Labels["c d"] != "e" || c.Issuers["https://issuer.example"].Prefix != "/i" {
		t.Errorf("maps: %v %v", c.Labels, c.Issuers)
	}
	if len(c.Routes) != 2 || strings.Join(c.Routes[0].Methods, " ") != "GET POST" || !c.Routes[1].Public {
		t.Errorf("routes: %+v", c.Routes)
	}
}

func TestParseEmpty(t *testing.T) {
	for _, s := range []string{"", "\n", "# only a comment\n", "---\n"} {
		if err := Parse("c.yaml", []byte(s), &config{}); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestParseZeroDuration(t *testing.T) {
	c := config{TTL: time.Minute}
	if err := Parse("c.yaml", []byte("ttl: 0"), &c); err != nil || c.TTL != 0 {
		t.Errorf("%v, %v", c.TTL, err)
	}
}

func TestParseRefuses(t *testing.T) {
	f := func(yaml string, want ...string) {
		t.Helper()
		err := Parse("c.yaml", []byte(yaml), &config{})
		if err == nil {
			t.Errorf("%q was accepted", yaml)
			return
		}
		if got := err.Error(); got != strings.Join(want, "\n") {
			t.Errorf("%q:\n got %s\nwant %s", yaml, got, strings.Join(want, "\n"))
		}
	}
	// unknown keys, at the top, below, in a list, inline
	f("lisen: x", `c.yaml:1: unknown key "lisen"; the nearest known key is "listen"`)
	f("LISTEN: x", `c.yaml:1: unknown key "LISTEN"; the nearest known key is "listen"`)
	f("\n\nrutes: []", `c.yaml:3: unknown key "rutes"; the nearest known key is "routes"`)
	f("bdoy: 1", `c.yaml:1: unknown key "bdoy"; the nearest known key is "body"`)
	f("now: 1", `c.yaml:1: unknown key "now"; the nearest known key is "ttl"`)
	f("cache:\n  byts: 3", `c.yaml:2: unknown key "byts" in cache; the nearest known key is "bytes"`)
	f("routes:\n- prefix: /\n  upstraem: x\n", `c.yaml:3: unknown key "upstraem" in routes[0]; the nearest known key is "upstream"`)
	f("issuers:\n  a:\n    prefx: /", `c.yaml:3: unknown key "prefx" in issuers.a; the nearest known key is "prefix"`)
	// several mistakes, in the order of the file
	f("ttl: soon\nlisen: x\nroutes: 7",
		`c.yaml:1: ttl: expected a duration such as 10s, 1m30s or 24h, found the text "soon"`,
		`c.yaml:2: unknown key "lisen"; the nearest known key is "listen"`,
		`c.yaml:3: routes: expected a list, found 7`)
	// types
	f("listen: 8080", `c.yaml:1: listen: expected text, found 8080`)
	f("listen:", `c.yaml:1: listen: expected text, found nothing`)
	f("listen: [a]", `c.yaml:1: listen: expected text, found a list`)
	f("ttl: 10", `c.yaml:1: ttl: expected a duration such as 10s, 1m30s or 24h, found 10`)
	f("body: 16MB", `c.yaml:1: body: expected an integer, or a size such as 512KiB, 16MiB or 1GiB, found the text "16MB"`)
	f("body: -1KiB", `c.yaml:1: body: expected an integer, or a size such as 512KiB, 16MiB or 1GiB, found the text "-1KiB"`)
	f("body: 1.5", `c.yaml:1: body: expected an integer, found 1.5`)
	f("body: 18446744073709551615", `c.yaml:1: body: expected an integer, found 18446744073709551615`)
	f("port: 65536", `c.yaml:1: port: expected a smaller number, or one that is not negative, found 65536`)
	f("port: -1", `c.yaml:1: port: expected a smaller number, or one that is not negative, found -1`)
	f("rate: fast", `c.yaml:1: rate: expected a number, found the text "fast"`)
	f("level: middle", `c.yaml:1: level: must be low or high`)
	f("level: 3", `c.yaml:1: level: expected text, found 3`)
	f("cache: big", `c.yaml:1: cache: expected a mapping of keys to values, found the text "big"`)
	f("labels: [a]", `c.yaml:1: labels: expected a mapping of keys to values, found a list`)
	f("routes:\n- public: yes", `c.yaml:2: routes[0].public: expected true or false, found the text "yes"`)
	f("- a", `c.yaml:1: the file: expected a mapping of keys to values, found a list`)
	f("just text", `c.yaml:1: the file: expected a mapping of keys to values, found the text "just text"`)
	f("1: x", `c.yaml:1: a key has to be plain text, not 1`)
	// a long value may be a secret in the wrong place
	f("ttl: tgs_reporting.AAAAAAAAAAAAAAAAAAAAAAAAAAA", `c.yaml:1: ttl: expected a duration such as 10s, 1m30s or 24h, found text`)
	// what YAML can do and a configuration does not need
	f("listen: &a x\nlabels: {b: *a}",
		`c.yaml:1: listen: expected text, found an anchor, alias or merge, which are not read here`,
		`c.yaml:2: labels.b: expected text, found an anchor, alias or merge, which are not read here`)
	f("listen: !!str 5", `c.yaml:1: listen: expected text, found a tag, which is not read here`)
	f("listen: a\n---\nlisten: b", `c.yaml:3: a second document; a configuration is one`)
	// not YAML
	f("listen: x\nlisten: y", `c.yaml:2: mapping key "listen" already defined at [1:1]`)
	f("listen: [a", `c.yaml:1: sequence end token ']' not found`)
	f(strings.Repeat("#", maxFile+1), `c.yaml:1: the file is larger than 256 KiB`)
}

// An error of Check is told with the line of the value it speaks of, or of
// what should hold that value.
func TestCheck(t *testing.T) {
	const yaml = "listen: a\nroutes:\n  - prefix: /\n    upstream: b\n  - prefix: x\nissuers:\n  a.b:\n    prefix: c\n"
	f := func(fail error, want string) {
		t.Helper()
		err := Parse("c.yaml", []byte(yaml), &config{fail: fail})
		if err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	f(errors.New("routes[1].prefix: must begin with /"), "c.yaml:5: routes[1].prefix: must begin with /")
	f(errors.New("routes[1].upstream is missing"), "c.yaml:5: routes[1].upstream is missing")
	f(errors.New("listen: no"), "c.yaml:1: listen: no")
	f(errors.New("cache.bytes: no"), "c.yaml: cache.bytes: no")
	f(errors.New("configuration: routes[1].prefix: no: x"), "c.yaml:5: routes[1].prefix: no: x")
	f(errors.New("configuration: no: x"), "c.yaml: configuration: no: x")
	f(errors.New("nothing fits"), "c.yaml: nothing fits")
	f(errors.New(""), "c.yaml: ")
	f(errors.Join(errors.New("routes[1]: no"), errors.New("listen: no")), "c.yaml:1: listen: no\nc.yaml:5: routes[1]: no")
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := Load(path, &config{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("lisen: a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var errs Errors
	if err := Load(path, &config{}); !errors.As(err, &errs) || errs[0].File != path || errs[0].Line != 1 {
		t.Errorf("%#v", err)
	}
}

func TestDistance(t *testing.T) {
	f := func(a, b string, want int) {
		t.Helper()
		if got := distance(a, b); got != want {
			t.Errorf("distance(%q, %q) = %d, want %d", a, b, got, want)
		}
	}
	f("", "", 0)
	f("", "abc", 3)
	f("abc", "", 3)
	f("abc", "abc", 0)
	f("abc", "axc", 1)
	f("abc", "acb", 1)
	f("upstraem", "upstream", 1)
	f("kitten", "sitting", 3)
}

// Deep nesting is what the recursive parser would break on.
func TestParseDeep(t *testing.T) {
	for _, s := range []string{"[", "{a: ", "- ", "? ", "!!map ", "&a "} {
		data := []byte(strings.Repeat(s, maxFile/len(s)))
		err := Parse("c.yaml", data, &config{})
		if err == nil || err.Error() != "c.yaml:1: nested more than 64 deep" {
			t.Errorf("%q many times: %.200v", s, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"listen: a\nttl: 1s\nroutes:\n- prefix: /\n  methods: [GET]\n", "labels: {a: b}\ncache:\n  bytes: 1GiB\n",
		"a: &x [*x]", "? [a]\n: b", "a: |\n  b\n", "%YAML 1.2\n---\n", "<<: {a: b}", "rate: .inf", "\xff: \x00", "level: \"\\x",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		err := Parse("c.yaml", data, &config{})
		if err == nil {
			return
		}
		var errs Errors
		if !errors.As(err, &errs) || len(errs) == 0 {
			t.Fatalf("%q: %v is no Errors", data, err)
		}
		last := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + 1
		for _, e := range errs {
			if e.Line < 1 || e.Line > last {
				t.Fatalf("%q: line %d of %d", data, e.Line, last)
			}
		}
	})
}

func TestKnown(t *testing.T) {
	for yaml, want := range map[string]int{"": 0, "listen: a\nroutes: 7\nother: b": 2, "- a": 0, "listen: [": 0, "rate: 1": 1} {
		if got := Known([]byte(yaml), &config{}); got != want {
			t.Errorf("%q: %d, want %d", yaml, got, want)
		}
	}
}

// limited has defaults where the file says nothing.
type limited struct {
	Wait  time.Duration     `yaml:"wait"`
	Size  int               `yaml:"size"`
	Free  int               `yaml:"free"` // 0 is its default
	Each  []route2          `yaml:"each"`
	Named map[string]route2 `yaml:"named"`
	warns []error
}

type route2 struct {
	Wait time.Duration `yaml:"wait"`
}

func (l limited) WithDefaults() limited {
	if l.Wait == 0 {
		l.Wait = 90 * time.Second
	}
	if l.Size == 0 {
		l.Size = 7
	}
	each := make([]route2, len(l.Each))
	for i, r := range l.Each {
		if each[i] = r; r.Wait == 0 {
			each[i].Wait = time.Second
		}
	}
	l.Each = each
	return l
}

func (l *limited) Warnings() []error { return l.warns }

// A zero that would silently be the default is told.
func TestZeros(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		err := Parse("l.yaml", []byte(text), new(limited))
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	f("wait: 1s\nsize: 2\nfree: 0\neach: [{wait: 2s}]", "")
	f("", "")
	f("wait: 0s", "l.yaml:1: wait: 0 would mean the default, which is 1m30s; leave the key out, or give what is meant")
	f("wait: 0\nsize: 0", "l.yaml:1: wait: 0 would mean the default, which is 1m30s; leave the key out, or give what is meant\n"+
		"l.yaml:2: size: 0 would mean the default, which is 7; leave the key out, or give what is meant")
	f("each:\n  - {wait: 1s}\n  - {wait: 0s}", "l.yaml:3: each[1].wait: 0 would mean the default, which is 1s; leave the key out, or give what is meant")
	f("each: [{}]\nnamed: {a: {wait: 0s}}", "")
}

func TestWarnings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "l.yaml")
	if err := os.WriteFile(file, []byte("size: 1\neach:\n  - {wait: 1s}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := &limited{warns: []error{errors.New("each[0].wait: short"), errors.New("size: small")}}
	got, err := Warnings(file, l)
	if want := file + ":1: size: small\n" + file + ":3: each[0].wait: short"; err != nil || got.Error() != want {
		t.Errorf("%v, %v; want %s", got, err, want)
	}
}

func TestByteOrderMarkIsNamed(t *testing.T) {
	err := Parse("b.yaml", []byte("\xef\xbb\xbfa: 1\n"), new(struct{}))
	if want := "b.yaml:1: the file begins with a byte order mark, which YAML files need not: save it as UTF-8 without one"; err == nil || err.Error() != want {
		t.Errorf("%v, wanted %s", err, want)
	}
}
