package introspect

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/authorize"
	"github.com/tollgate/tollgate/introspect/authorize/pages"
	"github.com/tollgate/tollgate/introspect/signing"
)

// The paths of the metadata: of RFC 8414, and of OpenID Connect Discovery, whose
// document is the same with more members.
const (
	metadataPath  = "/.well-known/oauth-authorization-server"
	discoveryPath = "/.well-known/openid-configuration"
)

// keySet is GET /.well-known/jwks.json (RFC 7517, section 5). It may be cached
// for half the time that a new key is published before it signs.
func (s *Service) keySet(ctx *fasthttp.RequestCtx) error {
	return s.answerPublic(ctx, s.keyring.KeySet(s.now().Unix()), s.cfg.Keys.Lead/2)
}

// metadata is GET /.well-known/oauth-authorization-server (RFC 8414) and
// /.well-known/openid-configuration (OpenID Connect Discovery 1.0, section 3).
func (s *Service) metadata(ctx *fasthttp.RequestCtx) error {
	base := strings.TrimSuffix(s.cfg.Issuer, "/")
	body, err := json.Marshal(map[string]any{
		"issuer":                                s.cfg.Issuer,
		"authorization_endpoint":                base + authorize.PathAuthorize,
		"token_endpoint":                        base + "/oauth2/token",
		"pushed_authorization_request_endpoint": base + "/oauth2/par",
		"userinfo_endpoint":                     base + "/oauth2/userinfo",
		"end_session_endpoint":                  base + authorize.PathLogout,
		"introspection_endpoint":                s.cfg.IntrospectionEndpoint,
		"revocation_endpoint":                   base + "/oauth2/revoke",
		"jwks_uri":                              base + "/.well-known/jwks.json",
		"scopes_supported":                      authorize.Scopes,
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query", "form_post"},
		"grant_types_supported":                 []string{grantCode, grantClient, grantRefresh, grantExchange},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": signing.Algorithms,
		"acr_values_supported":                  []string{"1", "2"},
		"code_challenge_methods_supported":      []string{"S256"},
		"prompt_values_supported":               []string{"none", "login", "consent", "select_account"},
		"claims_supported":                      []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid", "name", "preferred_username", "email", "email_verified", "roles"},
		"ui_locales_supported":                  pages.Languages(),
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},

		"authorization_response_iss_parameter_supported": true,
		"request_parameter_supported":                    false,
		"request_uri_parameter_supported":                false,
		"claims_parameter_supported":                     false,
		"introspection_endpoint_auth_methods_supported":  []string{"client_secret_basic", "client_secret_post"},
		"revocation_endpoint_auth_methods_supported":     []string{"client_secret_basic", "client_secret_post", "none"},
		"introspection_signing_alg_values_supported":     []string{"EdDSA"},
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
