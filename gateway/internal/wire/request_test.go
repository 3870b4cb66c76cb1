package wire

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/gateway/policy"
)

var testLimits = Limits{Head: 16 << 10, Target: 8 << 10, Fields: 100}

func parse(t *testing.T, head string) (*Request, error) {
	t.Helper()
	r := new(Request)
	n, err := r.Parse([]byte(head), 0, testLimits)
	if err == nil && n != len(head) {
		t.Fatalf("%q: %d of %d bytes", head, n, len(head))
	}
	return r, err
}

func TestRequestParse(t *testing.T) {
	f := func(head string, check func(r *Request) bool) {
		t.Helper()
		r, err := parse(t, head)
		if err != nil {
			t.Errorf("%q: %v", head, err)
		} else if !check(r) {
			t.Errorf("%q: %+v", head, r)
		}
	}
	// the parts
	f("GET /a?b=c HTTP/1.1\r\nHost: h:1\r\n\r\n", func(r *Request) bool {
		return string(r.Method) == "GET" && string(r.Target) == "/a?b=c" && string(r.Path) == "/a" && string(r.Host) == "h:1" &&
			r.Minor == 1 && r.ContentLength == -1 && !r.Close && !r.Body()
	})
	// HTTP/1.0 closes, unless told otherwise, and needs no Host
	f("GET / HTTP/1.0\r\n\r\n", func(r *Request) bool { return r.Minor == 0 && r.Close })
	f("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", func(r *Request) bool { return !r.Close })
	f("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, CLOSE\r\nFoo: x\r\nBar: y\r\n\r\n", func(r *Request) bool {
		return r.Close && string(r.Append(nil)) == "Bar: y\r\n"
	})
	f("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", func(r *Request) bool { return r.Close })
	// bodies
	f("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", func(r *Request) bool { return r.ContentLength == 0 && !r.Body() })
	f("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \t007 \r\n\r\n", func(r *Request) bool { return r.ContentLength == 7 && r.Body() })
	f("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n", func(r *Request) bool { return r.Chunked && r.Body() })
	// an upgrade is one only where Connection says so
	f("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n", func(r *Request) bool { return r.Upgrade == nil })
	f("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", func(r *Request) bool { return string(r.Upgrade) == "websocket" })
	f("GET / HTTP/1.1\r\nHost: h\r\nTE: deflate, Trailers\r\n\r\n", func(r *Request) bool { return r.Trailers })
	// targets in absolute-form, for this host
	f("GET http://H:1/a?b HTTP/1.1\r\nHost: h:1\r\n\r\n", func(r *Request) bool { return string(r.Target) == "/a?b" && string(r.Path) == "/a" })
	f("GET HTTPS://h HTTP/1.1\r\nHost: h\r\n\r\n", func(r *Request) bool { return string(r.Target) == "/" })
	f("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", func(r *Request) bool { return string(r.Target) == "*" })
	// paths are matched decoded and forwarded as they are
	f("GET /%61dmin/%C3%A9?q=%2f HTTP/1.1\r\nHost: h\r\n\r\n", func(r *Request) bool {
		return string(r.Path) == "/admin/é" && string(r.Target) == "/%61dmin/%C3%A9?q=%2f"
	})
	f("GET /a%25/.b/c..d/...?x HTTP/1.1\r\nHost: h\r\n\r\n", func(r *Request) bool { return string(r.Path) == "/a%/.b/c..d/..." })
	// what is forwarded is what came, less what is not
	f("GET / HTTP/1.1\r\nA:  1 \r\nHost: h\r\nB:2\r\nx_AUTH.roles: no\r\nX-Auth-Anything: no\r\nX_Auth.X: no\r\nX-HTTP-Method-Override: PUT\r\nX-Original-URL: /admin\r\nX-Authority: yes\r\nContent_Length: 3\r\nC: \xff\t\"\r\nKeep-Alive: 1\r\n\r\n", func(r *Request) bool {
		return string(r.Append([]byte(">"))) == ">A:  1 \r\nB:2\r\nX-Authority: yes\r\nC: \xff\t\"\r\n"
	})
}

// The rules for paths. Nothing that two servers might read in two ways passes.
func TestPathRefused(t *testing.T) {
	for _, path := range []string{
		"/..", "/../a", "/a/..", "/a/../b", "/.", "/./a", "/a/.", "//", "//a",
		"/%2e%2e/a", "/%2e/a", "/.%2e/a", "/%2E%2E", "/a%5cb", "/a\\b", "/a%00b", "/a%0ab", "/a%7fb",
		// dot segments in another reading
		"/a/..;/b", "/a/..;x=y/b", "/a/.;", "/a/..%3bx/b", "/a%2f..%2fb", "/a%2F..", "/..%2fa", "/a/..%3f/b", "/a/..%23", "/.%2fa", "/a//../b",
		// encodings of an encoding, nested and mixed
		"/%252e%252e/a", "/a%252fb", "/a%2525", "/a%25%32%66", "/%252%66", "/%25%32f", "/a%25%32%65%25%32%65", "/%25%35%63", "/%25%37%66", "/%2500", "/%25%30%30",
		"/%25252f", "/%25%32%35%32%66",
		"/%", "/%a", "/%zz", "/%u2215", "/%2", "/%2%66",
		// overlong UTF-8, and bytes that are no letters anywhere
		"/%c0%af", "/%c0%ae%c0%ae/", "/%c1%9c", "/%80", "/%c3%28%80", "/\x80", "/é", "/a\"b", "/a<b", "/a^b", "/a`b",
	} {
		if r, err := parse(t, "GET "+path+" HTTP/1.1\r\nHost: h\r\n\r\n"); !errors.Is(err, ErrPath) {
			t.Errorf("%q: path %q, err = %v", path, r.Path, err)
		}
	}
}

// What a route can allow is noted, and no more than that is.
func TestPathNeeds(t *testing.T) {
	f := func(path, want string, needs policy.Leniency) {
		t.Helper()
		r, err := parse(t, "GET "+path+" HTTP/1.1\r\nHost: h\r\n\r\n")
		if err != nil || string(r.Path) != want || r.Needs != needs || string(r.Target) != path {
			t.Errorf("%q: path %q needs %b, %v; want %q, %b", path, r.Path, r.Needs, err, want, needs)
		}
	}
	f("/a", "/a", 0)
	f("/a%20%41%c3%a9%25/100%25x", "/a Aé%/100%x", 0)
	f("/a%5b%5d%7b%7d%7c%22%3c%3e%5e%60", `/a[]{}|"<>^`+"`", 0)
	f("/g%2fp/x", "/g%2fp/x", policy.EncodedSlashes)
	f("/g%2Fp%2f", "/g%2Fp%2f", policy.EncodedSlashes)
	f("/a%3fb%23", "/a?b#", policy.EncodedDelimiters)
	f("/a;b=c/d", "/a;b=c/d", policy.Semicolons)
	f("/a%3bb", "/a;b", policy.Semicolons)
	f("/a//b", "/a//b", policy.EmptySegments)
	f("/a//", "/a//", policy.EmptySegments)
	f("/a[1]{2}|", "/a[1]{2}|", policy.Brackets)
	f("/caf%e9", "/caf\xe9", policy.Latin1)
	f("/caf%e9/%c3%a9", "/caf\xe9/é", policy.Latin1)
	f("/x;..", "/x;..", policy.Semicolons)
	f("/...%2f..x", "/...%2f..x", policy.EncodedSlashes)
}

// Traversals that others have collected: each is refused, or leads nowhere but
// where it says.
func TestPathVectors(t *testing.T) {
	dir := os.Getenv("TOLLGATE_VECTORS")
	if dir == "" {
		t.Skip("TOLLGATE_VECTORS is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "paths", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		n := 0
		for lines := bufio.NewScanner(file); lines.Scan(); n++ {
			line := lines.Text()
			for _, target := range []string{line, "/" + line, "/public/" + line, "/public" + line} {
				var r Request
				if r.SetTarget([]byte("GET"), []byte(target), testLimits) != nil {
					continue
				}
				for segment := range strings.FieldsFuncSeq(strings.NewReplacer("%2f", "/", "%2F", "/").Replace(string(r.Path)), func(c rune) bool { return c == '/' }) {
					segment, _, _ = strings.Cut(segment, ";")
					if segment == "." || segment == ".." || strings.ContainsAny(segment, "\\\x00") {
						t.Errorf("%q is taken for %q", target, r.Path)
					}
				}
			}
		}
		if n == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}

// A head is read the same however its bytes arrive, and refused no later than
// the byte that makes it wrong where that is a line ending.
func TestRequestInPieces(t *testing.T) {
	head := "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n"
	var r Request
	for seen := range len(head) {
		n, err := r.Parse([]byte(head[:seen]), max(seen-1, 0), testLimits)
		if n != 0 || err != nil {
			t.Fatalf("after %d bytes: %d, %v", seen, n, err)
		}
	}
	if n, err := r.Parse([]byte(head+"abc"), len(head)-1, testLimits); n != len(head) || err != nil {
		t.Errorf("whole: %d, %v", n, err)
	}
	f := func(part string, want error) {
		t.Helper()
		var r Request
		if _, err := r.Parse([]byte(part), 0, testLimits); !errors.Is(err, want) {
			t.Errorf("%q: err = %v, want %v", part, err, want)
		}
	}
	f("GET / HTTP/1.1\n", ErrLineEnding)
	f("GET / HTTP/1.1\r\nHost: h\n", ErrLineEnding)
	f("\x16\x03\x01", ErrRequestLine) // TLS
	f(strings.Repeat("a", testLimits.Head), ErrTooLarge)
}

func TestNames(t *testing.T) {
	f := func(name string, want Name) {
		t.Helper()
		if got := nameOf([]byte(name)); got != want {
			t.Errorf("%q is %d, want %d", name, got, want)
		}
	}
	for name, want := range known {
		f(name, want)
		f(strings.ToUpper(name), want)
		if other := strings.Replace(name, "-", "_", 1); other != name {
			f(other, Alias)
			f(strings.ReplaceAll(strings.ToUpper(name), "-", "."), Alias)
		}
		f(name+"s", known[name+"s"])
		f(name[1:], known[name[1:]])
	}
	f("", Other)
	f("X-Auth", Other)
	f("X-Auth-", Other)
	f("x-auth-x", Identity)
	f("X-AUTH-Anything-At-All-However-Long-It-Is", Identity)
	f("X_Auth-x", Alias)
	f("x-auth.x", Alias)
	f("X-Auth-A_B", Alias)
	f("X-Authx", Other)
	f("X--Auth-Subject", Other)
}

// The fast look at eight bytes agrees with the slow one at each.
func TestPrintable(t *testing.T) {
	for c := range 256 {
		for at := range 19 {
			b := []byte("0123456789\t\xffabcdefgh")
			b[at] = byte(c)
			want := !slices.ContainsFunc(b, func(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f })
			if printable(b) != want {
				t.Errorf("%q: %v", b, !want)
			}
		}
	}
}
