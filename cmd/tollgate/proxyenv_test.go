package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Outgoing calls for key sets go through the proxy that the environment names,
// except to the hosts that it excepts.
func TestOutgoingCallsUseTheProxy(t *testing.T) {
	asked := make(chan string, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.RequestURI
		fmt.Fprint(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)
	}))
	defer proxy.Close()
	verify := func(noProxy string) (string, error) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self)
		cmd.Args = []string{"tollgate", "verify", "--jwks", "http://keys.invalid/jwks.json"}
		cmd.Env = []string{"HTTP_PROXY=" + proxy.URL, "NO_PROXY=" + noProxy}
		cmd.Stdin = strings.NewReader("no token\n")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := verify("")
	if err != nil || !strings.Contains(out, `{"valid":false,"error":"malformed"`) {
		t.Errorf("through a proxy: %v\n%s\nwanted a verdict", err, out)
	}
	select {
	case uri := <-asked:
		if want := "http://keys.invalid/jwks.json"; uri != want {
			t.Errorf("the proxy was asked for %s, wanted %s", uri, want)
		}
	default:
		t.Error("the proxy was not asked")
	}
	out, err = verify("keys.invalid")
	if err == nil || !strings.Contains(out, "keys.invalid") {
		t.Errorf("a host of NO_PROXY: %v\n%s\nwanted that it is not found", err, out)
	}
	if len(asked) > 0 {
		t.Errorf("the proxy was asked for %s, which NO_PROXY excepts", <-asked)
	}
}
