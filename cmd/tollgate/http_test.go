package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// answered is the last answer a script got.
type answered struct {
	status int
	header http.Header
	body   []byte
}

const answerKey = "answer"

func last(ts *testscript.TestScript) *answered { return ts.Value(answerKey).(*answered) }

// plain follows nothing and shares nothing, so that a script sees every answer
// of exactly the server it asked.
var plain = &http.Client{
	Timeout:       20 * time.Second,
	Transport:     &http.Transport{DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// request builds what the arguments of the http command say:
//
//	METHOD URL [-h 'Name: value'] [-u id:secret] [-b token] [-json body] [-form a=b] …
func request(args []string) (*http.Request, error) {
	if len(args) < 2 {
		return nil, fmt.Errorf("want METHOD URL [options]")
	}
	var body string
	form := url.Values{}
	header := http.Header{}
	var user, password string
	for opts := args[2:]; len(opts) > 0; opts = opts[2:] {
		if len(opts) == 1 {
			return nil, fmt.Errorf("%s has no value", opts[0])
		}
		switch v := opts[1]; opts[0] {
		case "-h":
			name, value, _ := strings.Cut(v, ": ")
			header[name] = append(header[name], value) // as spelled
		case "-u":
			user, password, _ = strings.Cut(v, ":")
		case "-b":
			header.Set("Authorization", "Bearer "+v)
		case "-json":
			body = v
			header.Set("Content-Type", "application/json")
		case "-form":
			name, value, _ := strings.Cut(v, "=")
			form.Add(name, value)
			body = form.Encode()
			header.Set("Content-Type", "application/x-www-form-urlencoded")
		default:
			return nil, fmt.Errorf("unknown option %s", opts[0])
		}
	}
	r, err := http.NewRequest(args[0], args[1], strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = header
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	return r, nil
}

func (a *answered) do(args []string) error {
	r, err := request(args)
	if err != nil {
		return err
	}
	resp, err := plain.Do(r)
	if err != nil {
		return err
	}
	return a.read(resp)
}

func (a *answered) read(resp *http.Response) (err error) {
	defer resp.Body.Close()
	a.status, a.header = resp.StatusCode, resp.Header
	a.body, err = io.ReadAll(resp.Body)
	return err
}

// cmdHTTP sends one request. With !, it has to get no answer at all.
func cmdHTTP(ts *testscript.TestScript, neg bool, args []string) {
	err := last(ts).do(args)
	if neg != (err != nil) {
		ts.Fatalf("http: %v", err)
	}
}

// cmdRaw sends the bytes of a file to an address, with its variables expanded
// and its line ends made CRLF, and reads one answer.
func cmdRaw(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: raw URL file")
	}
	u, err := url.Parse(args[0])
	ts.Check(err)
	text := expand(ts, ts.ReadFile(args[1]))
	conn, err := net.DialTimeout("tcp", u.Host, 5*time.Second)
	ts.Check(err)
	defer conn.Close()
	ts.Check(conn.SetDeadline(time.Now().Add(10 * time.Second)))
	_, err = io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n"))
	ts.Check(err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	ts.Check(err)
	ts.Check(last(ts).read(resp))
}

var variable = regexp.MustCompile(`\$[A-Z0-9_]+|\$\{[A-Z0-9_]+\}`)

func expand(ts *testscript.TestScript, text string) string {
	return variable.ReplaceAllStringFunc(text, func(v string) string { return ts.Getenv(strings.Trim(v, "${}")) })
}

// cmdStatus compares the last status.
func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: status CODE")
	}
	a := last(ts)
	if (strconv.Itoa(a.status) == args[0]) == neg {
		ts.Fatalf("status %d, want %s: %v\n%s", a.status, args[0], a.header, a.body)
	}
}

// cmdHeader matches a header of the last answer; without a pattern the header
// only has to be there.
func cmdHeader(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 && len(args) != 2 {
		ts.Fatalf("usage: header NAME [regexp]")
	}
	values := last(ts).header.Values(args[0])
	ok := len(values) > 0
	if len(args) == 2 {
		ok = ok && regexp.MustCompile(args[1]).MatchString(strings.Join(values, "\n"))
	}
	if ok == neg {
		ts.Fatalf("header %s: %q", args[0], values)
	}
}

// cmdBody matches the last body.
func cmdBody(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: body regexp")
	}
	if regexp.MustCompile(args[0]).Match(last(ts).body) == neg {
		ts.Fatalf("body: %s", last(ts).body)
	}
}

// cmdJSON matches a value of the last body, found by the names on its path, or
// with "->" puts it into a variable.
func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 && len(args) != 3 {
		ts.Fatalf("usage: json path regexp, or json path -> VAR")
	}
	value, found := lookup(last(ts).body, args[0])
	if len(args) == 3 && args[1] == "->" {
		if !found {
			ts.Fatalf("no %s in %s", args[0], last(ts).body)
		}
		ts.Setenv(args[2], value)
		return
	}
	if (found && regexp.MustCompile(args[1]).MatchString(value)) == neg {
		ts.Fatalf("%s is %q (%v) in %s", args[0], value, found, last(ts).body)
	}
}

// lookup finds a value in a document: names and indices, separated by dots.
func lookup(doc []byte, path string) (string, bool) {
	var v any
	if json.Unmarshal(doc, &v) != nil {
		return "", false
	}
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = x[name]; !ok {
				return "", false
			}
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(x) {
				return "", false
			}
			v = x[i]
		default:
			return "", false
		}
	}
	if s, ok := v.(string); ok {
		return s, true
	}
	text, err := json.Marshal(v)
	return string(text), err == nil
}

// cmdWithin repeats a request until it is answered with a status, and fails
// when that takes longer than the time given.
func cmdWithin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: within DURATION STATUS METHOD URL [options]")
	}
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	a := last(ts)
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		began := time.Since(start)
		err := a.do(args[2:])
		if err == nil && strconv.Itoa(a.status) == args[1] {
			ts.Logf("%s after %s", args[1], began.Round(time.Millisecond))
			return
		}
		if began > limit {
			ts.Fatalf("after %s still %d (%v), want %s: %s", began, a.status, err, args[1], bytes.TrimSpace(a.body))
		}
	}
}
