package introspect

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/yamlconf"
)

// The configurations in docs/redis.md are ones that the service takes, and every key
// under store.redis is explained there.
func TestRedisPage(t *testing.T) {
	page, err := os.ReadFile("../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) != 4 {
		t.Errorf("docs/redis.md has %d configurations, want one for each way of running it: 4", len(blocks))
	}
	for _, b := range blocks {
		var c Config
		if err := yamlconf.Parse("docs/redis.md", append([]byte("issuer: https://as.example\naudience: [orders]\n"), b[1]...), &c); err != nil {
			t.Errorf("%s\n%v", b[1], err)
		}
	}
	keys := 0
	var walk func(prefix string, of reflect.Type)
	walk = func(prefix string, of reflect.Type) {
		for i := range of.NumField() {
			name := prefix + of.Field(i).Tag.Get("yaml")
			if of.Field(i).Type == reflect.TypeFor[SentinelConfig]() {
				walk(name+".", of.Field(i).Type)
				continue
			}
			keys++
			if !strings.Contains(string(page), "| `"+name+"` |") {
				t.Errorf("docs/redis.md has no row for %s", name)
			}
		}
	}
	walk("", reflect.TypeFor[RedisConfig]())
	if rows := strings.Count(string(page), "\n| `"); rows != keys {
		t.Errorf("docs/redis.md has %d rows of keys, and there are %d keys", rows, keys)
	}
}

// A grace of nothing is something else than no grace in the configuration.
func TestRefreshGraceInTheConfiguration(t *testing.T) {
	f := func(text string, want time.Duration) {
		t.Helper()
		var c Config
		if err := yamlconf.Parse("test", []byte("issuer: https://as.example\naudience: [orders]\n"+text), &c); err != nil {
			t.Fatal(err)
		}
		if got := *c.WithDefaults().Tokens.RefreshGrace; got != want {
			t.Errorf("%q is a grace of %v, want %v", text, got, want)
		}
	}
	f("", 10*time.Second)
	f("tokens: {refresh_grace: 0s}", 0)
	f("tokens: {refresh_grace: 30s}", 30*time.Second)
}
