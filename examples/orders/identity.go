package orders

import (
	"net/http"
	"slices"

	"github.com/tollgate/tollgate/engine/httpauth"
)

// caller is who httpauth found the request to be from. A handler that runs
// without is one that was not put behind it.
func caller(r *http.Request) Caller {
	c := httpauth.Caller(r.Context())
	if c == nil {
		panic("BUG: a route of the orders service is served without httpauth")
	}
	return Caller{Subject: c.Subject(), Roles: slices.Collect(c.Roles())}
}
