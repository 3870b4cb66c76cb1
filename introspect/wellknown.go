package introspect

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

const metadataPath = "/.well-known/oauth-authorization-server"

// keySet is GET /.well-known/jwks.json (RFC 7517, section 5). It may be cached
// for half the time that a new key is published before it signs.
func (s *Service) keySet(ctx *fasthttp.RequestCtx) error {
	return s.answerPublic(ctx, s.keyring.KeySet(s.now().Unix()), s.cfg.Keys.Lead/2)
}

// metadata is GET /.well-known/oauth-authorization-server (RFC 8414). There is
// no authorization endpoint, so there are no response types.
func (s *Service) metadata(ctx *fasthttp.RequestCtx) error {
	base := strings.TrimSuffix(s.cfg.Issuer, "/")
	body, err := json.Marshal(map[string]any{
		"issuer":                                s.cfg.Issuer,
		"token_endpoint":                        base + "/oauth2/token",
		"introspection_endpoint":                s.cfg.IntrospectionEndpoint,
		"revocation_endpoint":                   base + "/oauth2/revoke",
		"jwks_uri":                              base + "/.well-known/jwks.json",
		"response_types_supported":              []string{},
		"grant_types_supported":                 []string{grantClient, grantRefresh, grantExchange},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
		"introspection_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"revocation_endpoint_auth_methods_supported":    []string{"client_secret_basic", "client_secret_post", "none"},
		"introspection_signing_alg_values_supported":    []string{"EdDSA"},
	})
	if err != nil {
		return err
	}
	return s.answerPublic(ctx, body, time.Hour)
}

// answerPublic answers with what anybody may see and keep for a while.
func (s *Service) answerPublic(ctx *fasthttp.RequestCtx, body []byte, keep time.Duration) error {
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	h := &ctx.Response.Header
	h.Set("ETag", tag)
	h.Set("Cache-Control", "public, max-age="+strconv.FormatInt(int64(keep/time.Second), 10))
	if string(ctx.Request.Header.Peek(fasthttp.HeaderIfNoneMatch)) == tag {
		ctx.SetStatusCode(304)
		return nil
	}
	h.SetContentType("application/json")
	ctx.SetBody(body)
	return nil
}
