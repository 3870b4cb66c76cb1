package edge

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"
)

// resourcePath is where the metadata of a protected resource are, before the path
// of the resource itself (RFC 9728, section 3).
const resourcePath = "/.well-known/oauth-protected-resource"

// A Resource is what clients get tokens for, called by its URL (RFC 8707), with
// the document by which they find out where (RFC 9728).
type Resource struct {
	url      string // of the document
	host     string
	path     string // of the resource, without a slash at its end
	document []byte
}

// NewResource returns the resource called by a URL, which tokens name as their
// audience. The issuers are those whose tokens are accepted for it.
func NewResource(audience string, issuers []string) (*Resource, error) {
	u, err := url.Parse(audience)
	if err != nil {
		return nil, err
	}
	r := &Resource{host: strings.ToLower(u.Host), path: strings.TrimRight(u.Path, "/")}
	r.url = u.Scheme + "://" + u.Host + resourcePath + r.path
	r.document, err = json.Marshal(map[string]any{
		"resource":                 audience,
		"authorization_servers":    issuers,
		"bearer_methods_supported": []string{"header"},
	})
	return r, err
}

var resourceEndpoint = &endpoint{[]string{"GET", "HEAD"}, false, (*Server).resource}

// resource is the resource that a request is for: of those of its host, or else of
// all, the one with the longest path that the request's begins with. It is nil
// where there is none.
func (s *Settings) resource(host, path []byte) *Resource {
	var found *Resource
	best := -1
	for _, r := range s.Resources {
		fits := len(path) >= len(r.path) && string(path[:len(r.path)]) == r.path && (len(path) == len(r.path) || path[len(r.path)] == '/')
		score := len(r.path)
		if !fits {
			continue
		}
		if equalHost(host, r.host) {
			score += 1 << 16
		}
		if score > best {
			found, best = r, score
		}
	}
	return found
}

func equalHost(host []byte, lower string) bool {
	return len(host) == len(lower) && bytes.EqualFold(host, []byte(lower))
}

// resource answers with the metadata of a resource. They are for everybody, pages
// of every origin too.
func (s *Server) resource(ctx *fasthttp.RequestCtx, _ string) Outcome {
	set := s.settings.Load()
	path := ctx.Path()[len(resourcePath):]
	r := set.resource(ctx.Host(), path)
	if r == nil || string(path) != r.path {
		return forbidden
	}
	h := &ctx.Response.Header
	h.SetContentType("application/json")
	h.Set("Cache-Control", "max-age=300")
	h.Set("Access-Control-Allow-Origin", "*")
	ctx.SetBody(r.document)
	return Served
}

// isResource reports whether a path is that of a resource's metadata.
func (s *Settings) isResource(path []byte) bool {
	if len(s.Resources) == 0 || !bytes.HasPrefix(path, []byte(resourcePath)) {
		return false
	}
	for _, r := range s.Resources {
		if string(path[len(resourcePath):]) == r.path {
			return true
		}
	}
	return false
}

// withMetadata adds to a challenge of RFC 6750 where the metadata of the resource
// are (RFC 9728, section 5.1).
func withMetadata(challenge, metadata string) string {
	const scheme = "Bearer"
	if metadata == "" || !strings.HasPrefix(challenge, scheme) {
		return challenge
	}
	if challenge != scheme {
		challenge += ","
	}
	return challenge + ` resource_metadata="` + metadata + `"`
}

// metadata is the address of the metadata of the resource that the request at hand
// is for, or empty.
func (l *lane) metadata() string {
	if l.x.set == nil || len(l.x.set.Resources) == 0 {
		return ""
	}
	if r := l.x.set.resource(l.mem.req.Host, l.mem.req.Path); r != nil {
		return r.url
	}
	return ""
}
