package redis

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/tollgate/tollgate/introspect/client"
	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/storetest"
)

// A master that becomes a replica is left for the one that takes its place.
func TestMasterBecomesReplica(t *testing.T) {
	a, b := storetest.StartRedis(t), storetest.StartRedis(t)
	host, port, _ := net.SplitHostPort(a.Address())
	if _, err := b.Do("REPLICAOF", host, port); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replica follows", func() bool { return b.Info("replication", "master_link_status") == "up" })
	o := Options{Addresses: []string{b.Address(), a.Address()}, Prefix: "test", Timeout: 2 * time.Second, blockFor: testBlock}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Now().Unix()
	ev := store.Event{Kind: store.KindToken, ID: "t", Expires: now + 60}
	if err := s.Revoke(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replica has it", func() bool {
		n, err := b.Do("EXISTS", s.keys.revoked(store.KindToken, "t"))
		return err == nil && n == "1"
	})
	if _, err := b.Do("REPLICAOF", "NO", "ONE"); err != nil {
		t.Fatal(err)
	}
	host, port, _ = net.SplitHostPort(b.Address())
	if _, err := a.Do("REPLICAOF", host, port); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the store works on the new master", func() bool {
		return s.Ready(t.Context()) == nil && s.Revoke(t.Context(), store.Event{Kind: store.KindToken, ID: "u", Expires: now + 60}) == nil
	})
	for _, id := range []string{"t", "u"} {
		if revoked, err := s.Revoked(t.Context(), &store.Token{ID: id}, ""); err != nil || !revoked {
			t.Errorf("Revoked(%s) = %v, %v", id, revoked, err)
		}
	}
	// One that is alone with a replica does not start.
	o.Addresses = []string{a.Address()}
	if _, err := Open(t.Context(), o); !errors.Is(err, ErrReplica) {
		t.Errorf("Open of a replica: %v, not ErrReplica", err)
	}
}

// A node of a cluster is not taken for a single server, nor a single server for a
// cluster.
func TestClusterOrNot(t *testing.T) {
	single := storetest.StartRedis(t)
	node := storetest.StartRedis(t, "--cluster-enabled", "yes", "--cluster-port", "0")
	f := func(srv *storetest.Redis, cluster bool) {
		t.Helper()
		_, err := Open(t.Context(), Options{Addresses: []string{srv.Address()}, Cluster: cluster, Prefix: "test", Timeout: 2 * time.Second})
		if !errors.Is(err, ErrCluster) {
			t.Errorf("Open with cluster %v: %v, not ErrCluster", cluster, err)
		}
	}
	f(single, true)
	if node.Info("cluster", "cluster_enabled") == "1" {
		f(node, false)
	}
}

// A server that is full, or that refuses writes for another reason, is not ready.
func TestNotReadyWhileNothingCanBeWritten(t *testing.T) {
	srv := storetest.StartRedis(t)
	s := open(t, srv)
	defer s.Close()
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := func(why string, refuse, again []string) {
		t.Helper()
		if _, err := srv.Do(refuse...); err != nil {
			t.Fatal(err)
		}
		if err := s.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%v: Ready says %v, want %s", refuse, err, why)
		}
		if _, err := srv.Do(again...); err != nil {
			t.Fatal(err)
		}
		eventually(t, "ready again", func() bool { return s.Ready(t.Context()) == nil })
	}
	f("OOM", []string{"CONFIG", "SET", "maxmemory", "1"}, []string{"CONFIG", "SET", "maxmemory", "0"})
	f("NOREPLICAS", []string{"CONFIG", "SET", "min-replicas-to-write", "1"}, []string{"CONFIG", "SET", "min-replicas-to-write", "0"})
}

// The log says when a server may forget what it has acknowledged.
func TestServerWithoutAppendOnlyFileIsWarnedOf(t *testing.T) {
	for _, aof := range []string{"yes", "no"} {
		srv := storetest.StartRedis(t, "--appendonly", aof)
		var text bytes.Buffer
		s, err := Open(t.Context(), Options{
			Addresses: []string{srv.Address()}, Prefix: "test", Timeout: 2 * time.Second, blockFor: testBlock,
			Log: slog.New(slog.NewTextHandler(&text, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if warned := strings.Contains(text.String(), "appendonly no"); warned != (aof == "no") {
			t.Errorf("with appendonly %s the log is %q", aof, text.String())
		}
	}
}

// A server that comes back without revocations that were made has them again before
// a follower of the feed sees anything: no reset is without them.
func TestLostRevocationsAreMadeAgain(t *testing.T) {
	srv := storetest.StartRedis(t, "--appendonly", "no")
	a, b := open(t, srv), open(t, srv)
	defer a.Close()
	defer b.Close()
	ctx := t.Context()
	now := time.Now().Unix()
	for i := range 5 {
		if err := a.Revoke(ctx, store.Event{Kind: store.KindToken, ID: fmt.Sprint("t-", i), Expires: now + 60}); err != nil {
			t.Fatal(err)
		}
	}
	feedOf(t, a, 5)
	feedOf(t, b, 5)
	var watching sync.WaitGroup
	watched, stop := make(chan struct{}), make(chan struct{})
	watching.Go(func() {
		first := true
		for {
			text, _, changed, err := a.Feed().After(nil, "")
			if err == nil {
				for i := range 5 {
					if !strings.Contains(string(text), fmt.Sprintf(`"t-%d"`, i)) {
						t.Errorf("a follower that reads the whole feed is told %s", text)
						return
					}
				}
				if first {
					first = false
					close(watched)
				}
			}
			select {
			case <-changed:
			case <-stop:
				return
			}
		}
	})
	<-watched
	epoch := a.Feed().Epoch()
	srv.Kill(t) // nothing is on disk
	srv.Start(t)
	eventually(t, "both have read the feed again", func() bool {
		return a.Feed().Epoch() != epoch && b.Feed().Epoch() == a.Feed().Epoch() && a.Ready(ctx) == nil && b.Ready(ctx) == nil
	})
	for i := range 5 {
		if revoked, err := b.Revoked(ctx, &store.Token{ID: fmt.Sprint("t-", i)}, ""); err != nil || !revoked {
			t.Errorf("after the server lost its data, Revoked(t-%d) = %v, %v", i, revoked, err)
		}
	}
	if n := a.Feed().Len(); n != 5 {
		t.Errorf("the feed has %d events, want 5: each made again once", n)
	}
	close(stop)
	watching.Wait()
}

// A server that lacks the newest entries makes a new epoch: it may give out numbers
// a second time, below what followers have read.
func TestServerThatIsBehindMakesANewEpoch(t *testing.T) {
	srv := storetest.StartRedis(t)
	s := open(t, srv)
	defer s.Close()
	ctx := t.Context()
	now := time.Now().Unix()
	if err := s.Revoke(ctx, store.Event{Kind: store.KindToken, ID: "kept", Expires: now + 60}); err != nil {
		t.Fatal(err)
	}
	feedOf(t, s, 1)
	epoch, err := srv.Do("GET", s.keys.epoch(0))
	if err != nil {
		t.Fatal(err)
	}
	// The state of a replica that had received nothing but the epoch.
	for _, command := range [][]string{{"FLUSHALL"}, {"SET", s.keys.epoch(0), epoch}, {"XADD", s.keys.feed(0), "5-1", "e", `{"kind":"token","id":"other","exp":` + decimal(now+60) + `}`}} {
		if _, err := srv.Do(command...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := srv.Do("CLIENT", "KILL", "TYPE", "normal"); err != nil { // what a failover does
		t.Logf("CLIENT KILL: %v", err)
	}
	eventually(t, "a new epoch, with what was lost and what is new", func() bool {
		text, _, _, err := s.Feed().After(nil, "")
		return err == nil && s.Feed().Epoch() != epoch && strings.Contains(string(text), "kept") && strings.Contains(string(text), "other")
	})
}

// Accounts that another version of the program has written, with members in another
// order and some that are empty, can be changed and deleted.
func TestAccountsOfAnotherVersion(t *testing.T) {
	srv := storetest.StartRedis(t)
	s := open(t, srv)
	defer s.Close()
	ctx := t.Context()
	old := map[string]string{"alice": `{"created":5,"roles":[],"hash":"h","id":"alice","disabled":false,"retired":null}`, "bob": `{ "id":"bob", "hash":"h" }`}
	for id, text := range old {
		err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
			return b.Hset().Key(s.keys.users()).FieldValue().FieldValue(id, text).Build()
		}).Error()
		if err != nil {
			t.Fatal(err)
		}
	}
	u, err := s.User(ctx, "alice")
	if err != nil {
		t.Fatal(err)
	}
	next := *u
	next.Hash = "renewed"
	if err := s.PutUser(ctx, &next, u); err != nil {
		t.Errorf("PutUser: %v", err)
	}
	if err := s.PutUser(ctx, &next, u); !errors.Is(err, store.ErrChanged) {
		t.Errorf("PutUser in place of what is no more: %v, not ErrChanged", err)
	}
	bob, err := s.User(ctx, "bob")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DropUser(ctx, bob); err != nil {
		t.Errorf("DropUser: %v", err)
	}
}

// Budgets hold for all instances together, by the server's clock.
func TestBudgetsAreShared(t *testing.T) {
	srv := storetest.StartRedis(t)
	stores := [2]*Store{open(t, srv), open(t, srv)}
	for _, s := range stores {
		defer s.Close()
	}
	ctx := t.Context()
	budgets := []store.Budget{{Name: "pair", Burst: 5, Every: time.Minute}, {Name: "address", Burst: 100, Every: 100 * time.Millisecond}}
	spend := func(i int) time.Duration {
		t.Helper()
		wait, err := stores[i%2].Spend(ctx, budgets)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	through := 0
	for i := range 20 {
		all.Go(func() {
			if spend(i) == 0 {
				mu.Lock()
				through++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if through != 5 {
		t.Errorf("%d of 20 were let through at once, want 5", through)
	}
	if wait := spend(0); wait < 50*time.Second || wait > time.Minute {
		t.Errorf("the next has to wait for %v, want a little less than a minute", wait)
	}
	if err := stores[0].Refund(ctx, budgets); err != nil {
		t.Fatal(err)
	}
	if wait := spend(1); wait != 0 {
		t.Errorf("after a refund the next has to wait for %v", wait)
	}
	for range 10 {
		if err := stores[0].Refund(ctx, budgets); err != nil { // more than was spent gives nothing
			t.Fatal(err)
		}
	}
	through = 0
	for i := range 10 {
		if spend(i) == 0 {
			through++
		}
	}
	if through != 5 {
		t.Errorf("after refunds %d are let through at once, want 5", through)
	}
	if known, err := stores[1].Noted(ctx, "alice at home"); known || err != nil {
		t.Errorf("Noted before Note: %v, %v", known, err)
	}
	if err := stores[0].Note(ctx, "alice at home", time.Minute); err != nil {
		t.Fatal(err)
	}
	if known, err := stores[1].Noted(ctx, "alice at home"); !known || err != nil {
		t.Errorf("Noted after Note: %v, %v", known, err)
	}
}

// A server behind TLS with an authority of its own, which wants a certificate of us.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	ca, caKey := certificate(t, dir, "ca", nil, nil)
	certificate(t, dir, "server", ca, caKey)
	certificate(t, dir, "client", ca, caKey)
	file := func(name string) string { return filepath.Join(dir, name) }
	srv := storetest.StartTLSRedis(t, file("ca.pem"), file("server.pem"), file("server.key"))
	f := func(files client.TLS, fails ...string) {
		t.Helper()
		config, err := files.Client("")
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), Options{Addresses: []string{srv.Address()}, TLS: config, Prefix: "test", Timeout: 2 * time.Second, blockFor: testBlock})
		if len(fails) > 0 {
			if err == nil || !slices.ContainsFunc(fails, func(why string) bool { return strings.Contains(err.Error(), why) }) {
				t.Errorf("%+v: %v, want one of %q", files, err, fails)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("%+v: %v", files, err)
		}
	}
	f(client.TLS{CAFile: file("ca.pem"), CertFile: file("client.pem"), KeyFile: file("client.key")})
	// In TLS 1.3 the server refuses after the handshake, and may close before its alert is read.
	f(client.TLS{CAFile: file("ca.pem")}, "certificate required", "connection reset", "broken pipe", "EOF")
	f(client.TLS{CertFile: file("client.pem"), KeyFile: file("client.key")}, "unknown authority")
}

// certificate writes a certificate and its key, signed by ca or by itself.
func certificate(t *testing.T, dir, name string, ca *x509.Certificate, caKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: ca == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if ca == nil {
		ca, caKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, &key.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name+file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed, key
}
