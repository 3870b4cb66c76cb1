package introspect

import (
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/internal/node"
	"github.com/tollgate/tollgate/introspect/store"
)

//go:embed testdata/openid-client.mjs
var openidClient string

//go:embed testdata/oauth4webapi.mjs
var oauth4webapi string

//go:embed testdata/pages.mjs
var pagesWalk string

// npm's openid-client logs somebody in; its own checks pass.
func TestOpenIDClient(t *testing.T) {
	node.Need(t, "openid-client")
	s := newSite(t)
	got := node.Run(t, openidClient, "ISSUER="+s.cfg.Issuer, "PASSWORD="+alicePassword, "ALG=RS256")
	if want := `{"sub":"alice","email":"alice@example.org","refused":"invalid_grant"}`; strings.TrimSpace(got) != want {
		t.Errorf("openid-client says %s, want %s", got, want)
	}
}

// npm's oauth4webapi pushes a request for a client with a secret.
func TestOAuth4WebAPI(t *testing.T) {
	node.Need(t, "oauth4webapi")
	s := newSite(t)
	got := node.Run(t, oauth4webapi, "ISSUER="+s.cfg.Issuer, "PASSWORD="+alicePassword, "ALG=RS256")
	if want := `{"sub":"alice","info":"alice"}`; strings.TrimSpace(got) != want {
		t.Errorf("oauth4webapi says %s, want %s", got, want)
	}
}

// People walk through the pages in Chromium. TOLLGATE_PICTURES names a folder
// for pictures of them.
func TestPagesInChromium(t *testing.T) {
	node.Need(t, "playwright-core")
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("TOLLGATE_REQUIRE_CHROMIUM") != "" {
			t.Fatal("TOLLGATE_REQUIRE_CHROMIUM=1, and there is no chromium here")
		}
		t.Skip("there is no chromium here, so nobody has looked at the pages")
	}
	s := newSite(t)
	l := listen(t)
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	err = s.svc.store.PutClient(t.Context(), &store.Client{
		ID: "third", Name: "A third party", Public: true, RedirectURIs: []string{fmt.Sprintf("http://127.0.0.1:%d/callback", port)},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	node.Run(t, pagesWalk, "ISSUER="+s.cfg.Issuer, "PASSWORD="+alicePassword, "CHROMIUM="+chromium, fmt.Sprint("APP_PORT=", port),
		"PICTURES="+os.Getenv("TOLLGATE_PICTURES"))
}
