package introspect

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/admin"
	"github.com/tollgate/tollgate/introspect/signing"
)

// operate does everything that an operator can do, through ops.
func operate(t *testing.T, ops admin.Admin) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	u, err := ops.AddUser(ctx, admin.NewUser{ID: "zoe", Password: []byte("secret enough"), Roles: []string{"customer"}})
	if must(err); u.ID != "zoe" || u.Created == 0 || u.Scopes == nil {
		t.Errorf("user is %+v", u)
	}
	c, secret, err := ops.AddClient(ctx, admin.NewClient{ID: "batch", Audiences: []string{"orders"}})
	if must(err); c.ID != "batch" || !strings.HasPrefix(secret, "tgs_batch.") {
		t.Errorf("client is %+v", c)
	}
	own := strings.Repeat("s", 32)
	_, secret, err = ops.AddClient(ctx, admin.NewClient{ID: "batch", Secret: []byte(own), Replace: true})
	if must(err); secret != own {
		t.Error("a client did not get the secret it brought")
	}
	operateSecrets(t, ops)
	users, err := ops.Users(ctx)
	if must(err); len(users) != 1 || users[0].ID != "zoe" {
		t.Errorf("users are %v", users)
	}
	clients, err := ops.Clients(ctx)
	if must(err); len(clients) != 1 {
		t.Errorf("clients are %v", clients)
	}
	u, err = ops.DisableUser(ctx, "zoe")
	if must(err); !u.Disabled {
		t.Error("user is not disabled")
	}
	c, err = ops.DisableClient(ctx, "batch")
	if must(err); !c.Disabled {
		t.Error("client is not disabled")
	}
	k, err := ops.RotateKey(ctx)
	if must(err); k.State != signing.Coming && k.State != signing.Signing {
		t.Errorf("key is %+v", k)
	}
	k, err = ops.NewKey(ctx)
	must(err)
	k, err = ops.RetireKey(ctx, k.ID)
	if must(err); k.State != signing.Retired {
		t.Errorf("key is %+v", k)
	}
	keys, err := ops.Keys(ctx)
	if must(err); len(keys) < 2 {
		t.Errorf("keys are %v", keys)
	}
	refusals(t, ops)
}

// operateSecrets replaces the secret of the client batch, which has one.
func operateSecrets(t *testing.T, ops admin.Admin) {
	t.Helper()
	ctx := t.Context()
	is := func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("error is %v, not %v", err, want)
		}
	}
	first, err := ops.Secrets(ctx, "batch")
	if err != nil || len(first) != 1 || first[0].Created == 0 {
		t.Fatalf("secrets are %+v (%v)", first, err)
	}
	_, err = ops.RemoveSecret(ctx, "batch", first[0].ID)
	is(err, admin.ErrLastSecret)
	_, _, err = ops.AddSecret(ctx, "batch", []byte("short"))
	is(err, account.ErrSecretLength)
	_, _, err = ops.AddSecret(ctx, "batch", []byte(strings.Repeat(" ", 32)))
	is(err, account.ErrSecretText)
	_, _, err = ops.AddSecret(ctx, "batch", []byte(strings.Repeat("s", 32)))
	is(err, admin.ErrSameSecret)
	made, secret, err := ops.AddSecret(ctx, "batch", nil)
	if err != nil || !strings.HasPrefix(secret, "tgs_batch.") {
		t.Fatalf("secret is %q (%v)", secret, err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(secret))); made.ID != sum[:8] {
		t.Errorf("id is %q, and the SHA-256 %s", made.ID, sum)
	}
	_, _, err = ops.AddSecret(ctx, "batch", nil)
	is(err, admin.ErrTwoSecrets)
	both, err := ops.Secrets(ctx, "batch")
	if err != nil || !slices.Equal(both, []admin.Secret{first[0], made}) {
		t.Errorf("secrets are %+v (%v)", both, err)
	}
	_, err = ops.RemoveSecret(ctx, "batch", "00000000")
	is(err, admin.ErrNoSecret)
	gone, err := ops.RemoveSecret(ctx, "batch", first[0].ID)
	if err != nil || gone != first[0] {
		t.Errorf("removed %+v (%v)", gone, err)
	}
	left, err := ops.Secrets(ctx, "batch")
	if err != nil || !slices.Equal(left, []admin.Secret{made}) {
		t.Errorf("secrets are %+v (%v)", left, err)
	}
	_, _, err = ops.AddSecret(ctx, "nobody", nil)
	is(err, admin.ErrNotFound)
	_, err = ops.Secrets(ctx, "nobody")
	is(err, admin.ErrNotFound)
}

func refusals(t *testing.T, ops admin.Admin) {
	t.Helper()
	ctx := t.Context()
	is := func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("error is %v, not %v", err, want)
		}
	}
	_, err := ops.AddUser(ctx, admin.NewUser{ID: "zoe", Password: []byte("long enough to try")})
	is(err, admin.ErrExists)
	_, err = ops.AddUser(ctx, admin.NewUser{ID: "batch", Password: []byte("long enough to try")})
	is(err, admin.ErrExists)
	_, err = ops.AddUser(ctx, admin.NewUser{ID: "nobody", Password: []byte("long enough to try"), Replace: true})
	is(err, admin.ErrNotFound)
	_, err = ops.AddUser(ctx, admin.NewUser{ID: "yan"})
	is(err, account.ErrPasswordLength)
	_, err = ops.AddUser(ctx, admin.NewUser{ID: "y n", Password: []byte("long enough to try")})
	is(err, account.ErrUserID)
	_, _, err = ops.AddClient(ctx, admin.NewClient{ID: "c", Secret: []byte("short")})
	is(err, account.ErrSecretLength)
	_, _, err = ops.AddClient(ctx, admin.NewClient{ID: "c", Roles: []string{"a,b"}})
	is(err, account.ErrRole)
	_, _, err = ops.AddClient(ctx, admin.NewClient{ID: "c", Audiences: []string{""}})
	is(err, admin.ErrAudience)
	_, _, err = ops.AddClient(ctx, admin.NewClient{ID: "first-party"})
	is(err, admin.ErrReserved)
	_, err = ops.DisableUser(ctx, "nobody")
	is(err, admin.ErrNotFound)
	_, err = ops.RetireKey(ctx, "nobody")
	is(err, signing.ErrUnknownKey)
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// The operator's commands do the same to a service that runs, over its socket,
// and to the store of one that does not.
func TestOperatorBesideARunningService(t *testing.T) {
	cfg := quick(t)
	cfg.Store.Kind = StorePebble
	run(t, cfg)
	ops, err := OpenAdmin(t.Context(), cfg, discard())
	if err != nil {
		t.Fatal(err)
	}
	defer ops.Close()
	operate(t, ops)
	info, err := os.Stat(filepath.Join(cfg.Data, "admin.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket's mode is %v (%v)", info.Mode(), err)
	}
}

func TestOperatorWithoutAService(t *testing.T) {
	cfg := quick(t)
	cfg.Store.Kind = StorePebble
	ops, err := OpenAdmin(t.Context(), cfg, discard())
	if err != nil {
		t.Fatal(err)
	}
	operate(t, ops)
	if err := ops.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenAdmin(t.Context(), cfg, discard())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	users, err := again.Users(t.Context())
	if err != nil || len(users) != 1 || !users[0].Disabled {
		t.Errorf("users are %v (%v)", users, err)
	}
	cfg.Data = t.TempDir()
	cfg.Store.Kind = StoreMemory
	if _, err := OpenAdmin(t.Context(), cfg, discard()); !errors.Is(err, errNoService) {
		t.Errorf("a store in memory: %v", err)
	}
}

// A key that is retired takes its tokens with it, at once and everywhere.
func TestRetiredKey(t *testing.T) {
	f := start(t, cfgWith(t, FormatJWT))
	token := f.clientToken()
	verify := f.verifier("", "orders")
	if _, err := verify.Verify([]byte(token)); err != nil {
		t.Fatal(err)
	}
	ops := f.svc.Admin()
	keys, err := ops.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	next := f.send("GET", "/revocations", "", "", f.asGateway()).text(t, "next")
	if _, err := ops.RetireKey(t.Context(), keys[0].ID); err != nil {
		t.Fatal(err)
	}
	if f.active(token) {
		t.Error("a token of a retired key is active")
	}
	if r := f.send("GET", "/.well-known/jwks.json", "", ""); strings.Contains(r.body, keys[0].ID) {
		t.Error("a retired key is published")
	}
	r := f.send("GET", "/revocations?after="+next, "", "", f.asGateway())
	if !strings.Contains(r.body, `"kind":"key","id":"`+keys[0].ID+`"`) {
		t.Errorf("the feed says %s", r.body)
	}
	if _, err := f.verifier("", "orders").Verify([]byte(token)); engine.Code(err) != "unknown_key" {
		t.Errorf("a verifier says %v", err)
	}
	if !f.active(f.clientToken()) {
		t.Error("no key signs any more")
	}
}

// A key made by rotation is published for its lead before it signs.
func TestRotatedKey(t *testing.T) {
	f := start(t, cfgWith(t, FormatJWT))
	k, err := f.svc.Admin().RotateKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r := f.send("GET", "/.well-known/jwks.json", "", ""); !strings.Contains(r.body, k.ID) {
		t.Error("the new key is not published")
	}
	old := f.clientToken()
	f.advance(10*time.Minute - 2*time.Second)
	same := f.clientToken()
	f.advance(3 * time.Second)
	next := f.clientToken()
	head := func(token string) string { return token[:strings.IndexByte(token, '.')] }
	if head(old) != head(same) || head(old) == head(next) {
		t.Error("the key changed at another time than it should")
	}
	if !f.active(same) || !f.active(next) {
		t.Error("the change ended tokens")
	}
}

func TestAdminListener(t *testing.T) {
	f := start(t, quick(t))
	access, _ := f.mustLogin()
	f.active(access)
	f.login("alice", "wrong")
	get := func(path string) (int, string) {
		t.Helper()
		resp, err := http.Get(f.admin + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, text := get(path); status != 200 {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if status, _ := get("/debug/pprof/"); status != 404 {
		t.Errorf("/debug/pprof/, not asked for: %d", status)
	}
	_, text := get("/metrics")
	for _, line := range []string{
		`tollgate_requests_total{route="/login",outcome="ok"} 1`,
		`tollgate_requests_total{route="/login",outcome="invalid_grant"} 1`,
		`tollgate_introspections_total{active="true"} 1`,
		`tollgate_request_seconds_count{route="/oauth2/introspect"} 1`,
		`tollgate_ready 1`, `tollgate_feed_followers 0`,
	} {
		if !slices.Contains(strings.Split(text, "\n"), line) {
			t.Errorf("metrics lack %s", line)
		}
	}
	if status := f.send("GET", "/metrics", "", "").status; status != 404 {
		t.Errorf("the public listener answers /metrics with %d", status)
	}
}

// Whatever happens, no secret is in the log, the metrics or an error.
func TestNothingSecretIsLogged(t *testing.T) {
	for _, format := range []string{FormatJWT, FormatOpaque} {
		t.Run(format, func(t *testing.T) {
			cfg := cfgWith(t, format)
			cfg.Store.Kind = StorePebble
			f := start(t, cfg)
			ops, err := OpenAdmin(t.Context(), cfg, discard())
			if err != nil {
				t.Fatal(err)
			}
			defer ops.Close()
			_, own, err := ops.AddClient(t.Context(), admin.NewClient{ID: "batch"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ops.AddUser(t.Context(), admin.NewUser{ID: "zoe", Password: []byte("zoe's password")}); err != nil {
				t.Fatal(err)
			}
			access, refresh := f.mustLogin()
			second := f.refresh(refresh)
			client := f.clientToken()
			exchanged := f.exchange(access, f.asGateway()).text(t, "access_token")
			f.login("my password in the wrong field", "x")
			f.login("alice", "a wrong password")
			f.post("/oauth2/token", clientGrant, basicAuth("reporting", "a wrong secret"))
			f.send("POST", "/oauth2/introspect?token="+access, "text/plain", access, f.asGateway())
			f.send("GET", "/"+access, "", "")
			f.introspect(client, header("Accept", answerType))
			f.refresh(refresh)
			f.revoke(access)
			f.send("GET", "/revocations", "", "", f.asGateway())
			metrics := new(bytes.Buffer)
			f.svc.metrics.write(metrics)
			f.stop()
			log := f.log.String() + metrics.String()
			for what, secret := range map[string]string{
				"password": alicePassword, "wrong password": "a wrong password", "password as an id": "wrong field",
				"operator's password": "zoe's password", "client secret": f.reporting, "service secret": f.gateway,
				"new secret": own, "wrong secret": "a wrong secret", "access token": access, "refresh token": refresh,
				"second refresh token": second.text(t, "refresh_token"), "second access token": second.text(t, "access_token"),
				"client token": client, "exchanged token": exchanged, "hash": "$argon2id$",
			} {
				if len(secret) < 8 || strings.Contains(log, secret) {
					t.Errorf("%s is told, or was never there", what)
				}
			}
			for _, line := range []string{`"event":"login","outcome":"ok","user":"alice"`, `"outcome":"unknown user"`, `"outcome":"refused","user":"alice"`,
				`"event":"refresh token reused"`, `"event":"issue","grant":"client_credentials","client":"reporting"`,
				`"event":"issue","grant":"token-exchange","client":"gateway","subject":"alice"`, `"event":"user added","user":"zoe"`} {
				if !strings.Contains(log, line) {
					t.Errorf("the log lacks %s", line)
				}
			}
		})
	}
}

// The admin listener answers to loopback names and the configured ones, and shows
// profiles where they are asked for.
func TestAdminHosts(t *testing.T) {
	cfg := quick(t)
	cfg.AdminHosts, cfg.Pprof = []string{"metrics.internal"}, true
	s := run(t, cfg)
	f := func(host, path string, want int) {
		t.Helper()
		req, err := http.NewRequest("GET", s.admin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("Host %q, %s: %d, not %d", host, path, resp.StatusCode, want)
		}
	}
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/debug/pprof/", "/debug/pprof/heap"} {
		f("localhost", path, 200)
		f("127.0.0.1:8091", path, 200)
		f("metrics.internal", path, 200)
		f("attacker.example", path, 421)
		f("127.0.0.1.nip.io:8091", path, 421)
	}
}
