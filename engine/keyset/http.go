package keyset

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// HTTP is a Source that gets url, with conditional requests where the server
// gives an ETag. A nil client is one that follows three redirects, none of them
// from https to http, and gives up after five seconds.
func HTTP(url string, client *http.Client) Source {
	if client == nil {
		client = &http.Client{Timeout: 5 * time.Second, CheckRedirect: checkRedirect}
	}
	return &remote{url, client}
}

type remote struct {
	url    string
	client *http.Client
}

// ErrStatus: the server answered with a status other than 200 or 304.
var ErrStatus = errors.New("unexpected status")

var errRedirect = errors.New("redirect is not followed")

func checkRedirect(to *http.Request, via []*http.Request) error {
	if len(via) > 3 || via[0].URL.Scheme == "https" && to.URL.Scheme != "https" {
		return errRedirect
	}
	return nil
}

func (r *remote) Fetch(ctx context.Context, etag string) (Document, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return Document{}, withoutURL(err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return Document{}, withoutURL(err)
	}
	defer res.Body.Close()
	d := Document{ETag: res.Header.Get("ETag"), MaxAge: maxAge(res.Header.Values("Cache-Control"))}
	switch {
	case res.StatusCode == http.StatusNotModified && etag != "":
		d.ETag, d.NotModified = etag, true
		return d, nil
	case res.StatusCode != http.StatusOK:
		return Document{}, fmt.Errorf("%w %d", ErrStatus, res.StatusCode)
	}
	d.Body, err = readAll(res.Body)
	return d, err
}

// withoutURL is err without the URL, which may hold credentials.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// maxAge reads max-age of RFC 9111, section 5.2.2.1, 0 where absent or bad.
func maxAge(headers []string) time.Duration {
	for _, h := range headers {
		for directive := range strings.SplitSeq(h, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			if !strings.EqualFold(name, "max-age") {
				continue
			}
			if n, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				return time.Duration(n) * time.Second
			}
		}
	}
	return 0
}
