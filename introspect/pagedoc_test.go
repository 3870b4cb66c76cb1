package introspect

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// configKeys are the YAML paths of a configuration, with the default of each.
func configKeys(prefix string, v reflect.Value, found map[string]string) {
	for f, value := range v.Fields() {
		path := prefix + f.Tag.Get("yaml")
		if value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
		switch {
		case value.Kind() == reflect.Struct:
			configKeys(path+".", value, found)
		case value.Type() == reflect.TypeFor[time.Duration]():
			found[path] = strings.Replace(strings.Replace(value.Interface().(time.Duration).String(), "m0s", "m", 1), "h0m", "h", 1)
		default:
			found[path] = fmt.Sprint(value.Interface())
		}
	}
}

// docs/introspect.md lists every key, with the default that the code has, and no
// other; and every endpoint.
func TestPageListsKeysAndEndpoints(t *testing.T) {
	b, err := os.ReadFile("../docs/introspect.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	documented := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| ([^|]*) \\|").FindAllStringSubmatch(page, -1) {
		if _, twice := documented[m[1]]; twice {
			t.Errorf("%s is documented twice", m[1])
		}
		documented[m[1]] = strings.Trim(m[2], "` ")
	}
	found := map[string]string{}
	c := Config{Issuer: "https://auth.example"}.WithDefaults()
	configKeys("", reflect.ValueOf(c), found)
	special := map[string]string{ // what depends on the machine, or on another key
		"issuer": "required", "audience": "required",
		"introspection_endpoint": "under the issuer", "login.concurrency": "half the processors",
	}
	if want := max(1, runtime.GOMAXPROCS(0)/2); found["login.concurrency"] != fmt.Sprint(want) {
		t.Errorf("login.concurrency is %s, and half the processors are %d", found["login.concurrency"], want)
	}
	for path, value := range found {
		if s, ok := special[path]; ok {
			value = s
		}
		if value == "" || value == "[]" {
			value = "none"
		}
		switch doc, ok := documented[path]; {
		case !ok:
			t.Errorf("docs/introspect.md does not list the key %s, default %s", path, value)
		case doc != value:
			t.Errorf("docs/introspect.md says that %s defaults to %q, and it defaults to %q", path, doc, value)
		}
	}
	for path := range documented {
		if _, ok := found[path]; !ok {
			t.Errorf("docs/introspect.md lists the key %s, which does not exist", path)
		}
	}
	for path := range endpoints {
		if !strings.Contains(page, "`"+path+"`") {
			t.Errorf("docs/introspect.md does not list the endpoint %s", path)
		}
	}
}
