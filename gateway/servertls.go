package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"
)

// A serverTLS is what the public listener shows.
type serverTLS struct {
	cfg ServerTLS

	mu      sync.Mutex
	cert    *tls.Certificate
	changed time.Time // of the newer one of both files
	looked  time.Time
}

func newServerTLS(cfg ServerTLS) (*tls.Config, error) {
	if cfg.CertFile == "" {
		return nil, nil
	}
	s := &serverTLS{cfg: cfg}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
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
		if m := s.modified(); m.After(s.changed) {
			if err := s.load(); err != nil {
				return s.cert, nil
			}
		}
	}
	return s.cert, nil
}

func (s *serverTLS) modified() (last time.Time) {
	for _, name := range []string{s.cfg.CertFile, s.cfg.KeyFile} {
		if info, err := os.Stat(name); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}

func (s *serverTLS) load() error {
	changed := s.modified()
	pair, err := tls.LoadX509KeyPair(s.cfg.CertFile, s.cfg.KeyFile)
	if err != nil {
		return err
	}
	s.cert, s.changed = &pair, changed
	return nil
}
