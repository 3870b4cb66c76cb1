package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/tollgate/tollgate/internal/filewatch"
)

// A serverTLS is what the public listener shows.
type serverTLS struct {
	cfg ServerTLS
	log *slog.Logger

	mu     sync.Mutex
	cert   *tls.Certificate
	stamps [2]filewatch.Stamp // of both files
	looked time.Time
	told   string // what was last said of them
}

func newServerTLS(cfg ServerTLS, log *slog.Logger) (*tls.Config, error) {
	if cfg.CertFile == "" {
		return nil, nil
	}
	s := &serverTLS{cfg: cfg, log: log}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	s.renew(time.Now())
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: s.certificate,
	}
	if cfg.ClientCAFile != "" {
		pem, err := os.ReadFile(cfg.ClientCAFile)
		if err != nil {
			return nil, fmt.Errorf("tls.client_ca_file: %w", err)
		}
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.client_ca_file: no certificate in it")
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}

// certificate is the present one. The files are looked at once a second at
// most, and a pair that does not load leaves the last one in use.
func (s *serverTLS) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.looked) > time.Second {
		s.looked = now
		s.renew(now)
	}
	return s.cert, nil
}

// renew loads the files again where they have changed, and warns of what is wrong
// with them, once. A pair that does not load leaves the last one in use. The caller
// holds s.mu.
func (s *serverTLS) renew(now time.Time) {
	wrong := ""
	if s.read() != s.stamps {
		if err := s.load(); err != nil {
			wrong = "cannot be used, the last one stays: " + err.Error()
		} else {
			s.log.Info("certificate read again", "file", s.cfg.CertFile, "until", s.cert.Leaf.NotAfter.UTC().Format(time.RFC3339))
		}
	}
	if until := s.cert.Leaf.NotAfter; wrong == "" && now.After(until) {
		wrong = "has expired on " + until.UTC().Format(time.RFC3339)
	}
	if wrong != s.told && wrong != "" {
		s.log.Warn("the certificate "+wrong, "file", s.cfg.CertFile)
	}
	s.told = wrong
}

// read returns the stamps of both files.
func (s *serverTLS) read() [2]filewatch.Stamp {
	return [2]filewatch.Stamp{filewatch.Read(s.cfg.CertFile), filewatch.Read(s.cfg.KeyFile)}
}

func (s *serverTLS) load() error {
	stamps := s.read()
	pair, err := tls.LoadX509KeyPair(s.cfg.CertFile, s.cfg.KeyFile)
	if err != nil {
		return err
	}
	s.cert, s.stamps = &pair, stamps
	return nil
}
