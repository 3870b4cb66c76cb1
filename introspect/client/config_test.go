package client

import (
	"strings"
	"testing"
)

func TestConfigCheck(t *testing.T) {
	good := Config{URL: "http://a:1", ClientID: "g", ClientSecret: Secret{Env: "X"}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	f := func(want string, change func(*Config)) {
		t.Helper()
		c := good
		change(&c)
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("err = %v, want %s…", err, want)
		}
	}
	f("url: ", func(c *Config) { c.URL = "" })
	f("url: ", func(c *Config) { c.URL = "ftp://a" })
	f("url: ", func(c *Config) { c.URL = "http://a/path" })
	f("url: ", func(c *Config) { c.URL = "http://u:p@a" })
	f("client_id: ", func(c *Config) { c.ClientID = "" })
	f("client_secret: ", func(c *Config) { c.ClientSecret = Secret{} })
	f("client_secret: ", func(c *Config) { c.ClientSecret = Secret{"a", "b"} })
	f("timeout: ", func(c *Config) { c.Timeout = -1 })
	f("max_conns: ", func(c *Config) { c.MaxConns = -1 })
	f("breaker: ", func(c *Config) { c.Breaker.Failures = -1 })
	f("tls: ", func(c *Config) { c.TLS.CertFile = "a" })
}
