package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/introspect/client"
)

// NewKeys are the keys of c, which was resolved: kept current by their Run. Files
// that c names are read here already.
func NewKeys(c *Issuer, log *slog.Logger) (*keyset.KeySet, error) {
	source, err := NewSource(c)
	if err != nil {
		return nil, err
	}
	log = log.With("issuer", c.Name)
	var last atomic.Pointer[string]
	return keyset.New(source, keyset.Options{
		Interval: c.Keys.Refresh, MaxStale: c.Keys.MaxStale, Uses: c.uses,
		OnRefresh: func(refused []keyset.Refused, err error) {
			text := ""
			if err != nil {
				text = err.Error()
			}
			if before := last.Swap(&text); err != nil && (before == nil || *before != text) {
				log.Warn("reading keys", "err", err) // once for as long as it is the same
			} else if err == nil && before != nil && *before != "" {
				log.Info("keys are read again")
			}
			for _, r := range refused {
				if r.Harmless() {
					log.Debug("key is not for signatures", "key", r.String())
				} else {
					log.Warn("key refused", "key", r.String())
				}
			}
		},
	}), nil
}

// NewSource is where the keys of c, which was resolved, are read.
func NewSource(c *Issuer) (keyset.Source, error) {
	if c.Keys.File != "" {
		return keyset.File(c.Keys.File), nil
	}
	h, err := httpClient(&c.Keys)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if c.Keys.URL != "" {
		return keyset.HTTP(c.Keys.URL, h), nil
	}
	return &discovered{name: c.Name, client: h}, nil
}

// httpClient gets keys: by k's authorities and certificate, with its bearer token,
// following three redirects, none of them from https to http.
func httpClient(k *Keys) (*http.Client, error) {
	conf, err := (&client.TLS{CAFile: k.CAFile, CertFile: k.CertFile, KeyFile: k.KeyFile}).Client("")
	if err != nil {
		return nil, err
	}
	var transport http.RoundTripper = &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: conf, MaxIdleConns: 2, IdleConnTimeout: 30 * time.Second,
		TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
	}
	if k.Bearer.Set() {
		transport = &bearer{k.Bearer, transport}
	}
	return &http.Client{
		Timeout:   5 * time.Second,
		Transport: transport,
		CheckRedirect: func(to *http.Request, via []*http.Request) error {
			if len(via) > 3 || via[0].URL.Scheme == "https" && to.URL.Scheme != "https" {
				return errors.New("redirect is not followed")
			}
			return nil
		},
	}, nil
}

// bearer adds a token to requests, but not to those that a redirect leads to
// another host.
type bearer struct {
	token client.Secret
	next  http.RoundTripper
}

func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	first := r
	for first.Response != nil {
		first = first.Response.Request
	}
	if first.URL.Host != r.URL.Host {
		return b.next.RoundTrip(r)
	}
	token, err := b.token.Read()
	if err != nil {
		return nil, fmt.Errorf("bearer: %w", err)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return b.next.RoundTrip(r)
}

// discovered is a Source whose place the issuer's metadata name. These are read
// again after metadataAge and when the keys cannot be read.
type discovered struct {
	name   string
	client *http.Client

	mu   sync.Mutex // guards what follows; one Fetch runs at a time
	uri  string
	keys keyset.Source
	read time.Time
}

const metadataAge = time.Hour

// ErrMetadata: the issuer's metadata cannot be used to find its keys.
var ErrMetadata = errors.New("issuer metadata")

func (d *discovered) Fetch(ctx context.Context, etag string) (keyset.Document, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keys == nil || time.Since(d.read) > metadataAge {
		uri, err := d.discover(ctx)
		if err != nil && d.keys == nil {
			return keyset.Document{}, err
		}
		if err == nil {
			if uri != d.uri {
				etag = "" // it was of another document
			}
			d.uri, d.keys, d.read = uri, keyset.HTTP(uri, d.client), time.Now()
		}
	}
	document, err := d.keys.Fetch(ctx, etag)
	if err != nil {
		d.keys, d.uri = nil, "" // the keys may have moved
		return keyset.Document{}, err
	}
	return document, nil
}

// MetadataURLs are where the metadata of an issuer are: what OpenID Connect
// Discovery, section 4, appends to its name, and what RFC 8414, section 3, inserts
// between host and path.
func MetadataURLs(name string) []string {
	urls := []string{strings.TrimSuffix(name, "/") + "/.well-known/openid-configuration"}
	u, err := url.Parse(name)
	if err != nil {
		return urls
	}
	u.Path, u.RawPath = "/.well-known/oauth-authorization-server"+strings.TrimSuffix(u.Path, "/"), ""
	return append(urls, u.String())
}

// discover reads jwks_uri from the first of the issuer's documents that has one.
func (d *discovered) discover(ctx context.Context) (string, error) {
	var errs []error
	for _, at := range MetadataURLs(d.name) {
		uri, err := d.metadata(ctx, at)
		if err == nil {
			return uri, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", at, err))
	}
	return "", fmt.Errorf("%w: %w", ErrMetadata, errors.Join(errs...))
}

// maxMetadata bounds a document, in bytes.
const maxMetadata = 256 << 10

func (d *discovered) metadata(ctx context.Context, at string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", "application/json")
	res, err := d.client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%w %d", keyset.ErrStatus, res.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxMetadata+1))
	if err != nil {
		return "", err
	}
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if len(b) > maxMetadata || json.Unmarshal(b, &document) != nil {
		return "", errors.New("not a JSON document of metadata")
	}
	if document.Issuer != d.name {
		if strings.TrimSuffix(document.Issuer, "/") == strings.TrimSuffix(d.name, "/") {
			return "", fmt.Errorf("the issuer calls itself %q; name %q differs by the slash at the end", document.Issuer, d.name)
		}
		return "", fmt.Errorf("the issuer calls itself %q, not %q", document.Issuer, d.name)
	}
	if !isURL(document.Keys) {
		return "", errors.New("no jwks_uri")
	}
	if strings.HasPrefix(d.name, "https:") && !strings.HasPrefix(document.Keys, "https:") {
		return "", errors.New("jwks_uri is not https")
	}
	return document.Keys, nil
}
