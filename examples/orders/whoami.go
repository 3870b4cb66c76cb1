package orders

import (
	"net/http"
	"strings"
)

// identity are the headers that the gateway vouches for.
var identity = map[string]bool{
	"x-auth-subject": true, "x-auth-client": true, "x-auth-roles": true, "x-auth-scopes": true,
	"x-auth-token-id": true, "x-request-id": true, "authorization": true,
}

// fold maps every spelling of a header's name that some server somewhere takes
// for the same name to one spelling.
var fold = strings.NewReplacer("_", "-", ".", "-", " ", "-")

// whoami answers with the identity headers as they arrived, under the names
// under which they arrived, in whatever spelling: were one to get past the
// gateway, it would show here.
func whoami(w http.ResponseWriter, r *http.Request) {
	got := map[string]string{}
	for name, values := range r.Header {
		if identity[strings.ToLower(fold.Replace(name))] {
			got[name] = strings.Join(values, ", ")
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	answer(w, http.StatusOK, got)
}
