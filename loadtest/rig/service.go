package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Service is a running security service.
type Service struct {
	*Process
	Admin  string
	Issuer string

	rig     *Rig
	config  string
	secrets map[string]string // of clients, by id
}

// ServiceOptions say what tokens it issues.
type ServiceOptions struct {
	Format string // jwt or opaque
}

// Ids of clients the rig makes.
const (
	gatewayClient = "gateway"
	callerClient  = "caller"
	callerRole    = "customer"
)

// Service starts a security service with a store on disk and two clients: one in
// whose name gateways introspect, and one that gets tokens.
func (r *Rig) Service(ctx context.Context, o ServiceOptions) (*Service, error) {
	dir, err := r.folder("service")
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	s := &Service{Admin: ports[1], Issuer: "http://" + ports[0], rig: r, secrets: map[string]string{}}
	s.config, err = write(dir, "introspect.yaml", fmt.Sprintf(`listen: %s
admin: %s
data: %s/d
issuer: %s
audience: [orders]
tokens:
  format: %s
  access_ttl: 6h
`, ports[0], ports[1], dir, s.Issuer, o.Format))
	if err != nil {
		return nil, err
	}
	if s.Process, err = r.start("service", dir, false, "introspect", "--config", s.config); err != nil {
		return nil, err
	}
	s.Listen = ports[0]
	ready := func() error { _, err := fetch(ctx, "http://"+s.Admin+"/readyz"); return err }
	if err := s.await(ctx, ready); err != nil {
		return nil, err
	}
	for id, args := range map[string][]string{gatewayClient: {"--service"}, callerClient: {"--role", callerRole}} {
		out, err := r.output(ctx, "", append([]string{"client", "add", id, "--config", s.config}, args...)...)
		if err != nil {
			return nil, err
		}
		s.secrets[id] = strings.TrimSpace(out)
	}
	return s, nil
}

// form posts a form in the name of a client and returns the answer.
func (s *Service) form(ctx context.Context, path, id string, form url.Values) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(s.secrets[id]))
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("POST %s: %s: %.200s", path, resp.Status, b)
	}
	return b, nil
}

// Token gets one token by client credentials (RFC 6749, section 4.4).
func (s *Service) Token(ctx context.Context) ([]byte, error) {
	b, err := s.form(ctx, "/oauth2/token", callerClient, url.Values{"grant_type": {"client_credentials"}})
	if err != nil {
		return nil, err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(b, &answer); err != nil || answer.AccessToken == "" {
		return nil, fmt.Errorf("POST /oauth2/token: no access token in the answer (%v)", err)
	}
	return []byte(answer.AccessToken), nil
}

// Tokens gets n different tokens, 32 at a time.
func (s *Service) Tokens(ctx context.Context, n int) ([][]byte, error) {
	tokens := make([][]byte, n)
	errs := make([]error, 32)
	var wait sync.WaitGroup
	for w := range errs {
		wait.Go(func() {
			for i := w; i < n && errs[w] == nil; i += len(errs) {
				tokens[i], errs[w] = s.Token(ctx)
			}
		})
	}
	wait.Wait()
	return tokens, errors.Join(errs...)
}

// Revoke revokes a token (RFC 7009).
func (s *Service) Revoke(ctx context.Context, token []byte) error {
	_, err := s.form(ctx, "/oauth2/revoke", callerClient, url.Values{"token": {string(token)}})
	return err
}

// Introspections is how many it has answered, active or not.
func (s *Service) Introspections(ctx context.Context) (int64, error) {
	m, err := Scrape(ctx, s.Admin)
	if err != nil {
		return 0, err
	}
	active, ok1 := m[`tollgate_introspections_total{active="true"}`]
	inactive, ok2 := m[`tollgate_introspections_total{active="false"}`]
	if !ok1 || !ok2 {
		return 0, errors.New("the security service does not count introspections")
	}
	return int64(active + inactive), nil
}
