package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pair writes a self-signed certificate for 127.0.0.1.
func pair(t *testing.T, dir string, serial int64) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "tollgate test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return cert, key, pool
}

// TLS, with a certificate that is replaced while the gateway runs, and clients
// that have to show one.
func TestTLS(t *testing.T) {
	dir, clientDir := t.TempDir(), t.TempDir()
	cert, key, pool := pair(t, dir, 1)
	clientCert, clientKey, _ := pair(t, clientDir, 7)
	w, auth := newTraffic(t, func(c *Config) { c.TLS = ServerTLS{CertFile: cert, KeyFile: key, ClientCAFile: clientCert} })
	own, err := tls.LoadX509KeyPair(clientCert, clientKey)
	if err != nil {
		t.Fatal(err)
	}
	get := func(pool *x509.CertPool, certs ...tls.Certificate) (int64, string, error) {
		tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: certs}}
		defer tr.CloseIdleConnections()
		req, _ := http.NewRequestWithContext(t.Context(), "POST", "https://"+w.public+"/orders/echo", io.MultiReader(strings.NewReader("a"), strings.NewReader("b")))
		req.Header.Set("Authorization", auth)
		res, err := tr.RoundTrip(req)
		if err != nil {
			return 0, "", err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return res.TLS.PeerCertificates[0].SerialNumber.Int64(), string(b), err
	}
	serial, body, err := get(pool, own)
	if err != nil || serial != 1 || !strings.HasSuffix(body, "\nab") || !strings.Contains(body, "X-Forwarded-Proto: https") {
		t.Fatalf("%d %q %v", serial, body, err)
	}
	if _, _, err := get(pool); err == nil {
		t.Error("a client without a certificate was served")
	}
	time.Sleep(1100 * time.Millisecond) // files are looked at once a second
	_, _, pool = pair(t, dir, 2)
	if serial, _, err := get(pool, own); err != nil || serial != 2 {
		t.Errorf("after the change: %d, %v", serial, err)
	}
}
