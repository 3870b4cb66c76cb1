package orders

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/engine/httpauth"
)

const secret = "a secret of the gateway, of 32 bytes or more"

// behindGateway is the service in opaque mode.
func behindGateway(t *testing.T) http.Handler {
	t.Helper()
	auth, err := httpauth.TrustGateway(httpauth.Gateway{Secrets: []string{secret}})
	if err != nil {
		t.Fatal(err)
	}
	return New().Handler(auth.Handler)
}

// as sends a request the way the gateway would for c.
func as(c Caller, h http.Handler, method, path, body string) *http.Response {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("X-Auth-Gateway", secret)
	r.Header.Set("X-Auth-Subject", c.Subject)
	r.Header.Set("X-Auth-Roles", strings.Join(c.Roles, ","))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func decode[T any](t *testing.T, r *http.Response) (v T) {
	t.Helper()
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRoutes(t *testing.T) {
	h := behindGateway(t)
	f := func(c Caller, method, path, body string, status int) *http.Response {
		t.Helper()
		r := as(c, h, method, path, body)
		if r.StatusCode != status {
			b, _ := io.ReadAll(r.Body)
			t.Errorf("%s %s %s: %d, want %d: %s", c.Subject, method, path, r.StatusCode, status, b)
		}
		return r
	}
	auditor := Caller{"reporting", []string{"auditor", "customer"}}

	made := decode[Order](t, f(owner, "POST", "/orders", `{"item":"tea"}`, 201))
	path := "/orders/" + made.ID
	if made.ID == "" || made.Owner != owner.Subject || made.Item != "tea" {
		t.Errorf("%+v", made)
	}
	if got := decode[Order](t, f(owner, "GET", path, "", 200)); got.ID != made.ID {
		t.Errorf("%+v", got)
	}
	// what a stranger sees of an order is what it sees of none
	hidden, _ := io.ReadAll(f(stranger, "GET", path, "", 404).Body)
	absent, _ := io.ReadAll(f(stranger, "GET", "/orders/none", "", 404).Body)
	if string(hidden) != string(absent) {
		t.Errorf("an order that is hidden and one that is absent differ: %s %s", hidden, absent)
	}
	f(stranger, "POST", path+"/share", `{"with":"customer-2"}`, 404)
	f(owner, "POST", path+"/share", `{"with":"customer-2"}`, 204)
	f(stranger, "GET", path, "", 200)
	f(stranger, "POST", path+"/share", `{"with":"customer-3"}`, 403)
	if list := decode[[]Order](t, f(stranger, "GET", "/orders", "", 200)); len(list) != 1 {
		t.Errorf("%+v", list)
	}
	if list := decode[[]Order](t, f(auditor, "GET", "/orders", "", 200)); list == nil || len(list) != 0 {
		t.Errorf("%+v is not an empty list", list)
	}
	f(owner, "GET", "/admin/orders", "", 403)
	if list := decode[[]Order](t, f(admin, "GET", "/admin/orders", "", 200)); len(list) != 1 {
		t.Errorf("%+v", list)
	}
	f(admin, "GET", "/reports/daily", "", 403)
	report := decode[map[string]any](t, f(auditor, "GET", "/reports/daily", "", 200))
	if report["orders"] != 1.0 {
		t.Errorf("%v", report)
	}
	// bodies
	f(owner, "POST", "/orders", `{}`, 400)
	f(owner, "POST", "/orders", `{"item":""}`, 400)
	f(owner, "POST", "/orders", `{"item":7}`, 400)
	f(owner, "POST", "/orders", `{"itme":"tea"}`, 400)
	f(owner, "POST", "/orders", `{"item":"tea"}{}`, 400)
	f(owner, "POST", "/orders", `{"item":"`+strings.Repeat("x", maxItem+1)+`"}`, 400)
	f(owner, "POST", "/orders", `{"item":"`+strings.Repeat("x", maxBody)+`"}`, 413)
	f(owner, "POST", path+"/share", `{"with":""}`, 400)
	f(owner, "DELETE", path, "", 405)
	f(owner, "GET", "/nothing", "", 404)
}

func TestTrust(t *testing.T) {
	h := behindGateway(t)
	f := func(header map[string]string, path string, status int) {
		t.Helper()
		r := httptest.NewRequest("GET", path, nil)
		for k, v := range header {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%v: %d, want %d", header, w.Code, status)
		}
	}
	f(map[string]string{"X-Auth-Gateway": secret, "X-Auth-Subject": "a"}, "/whoami", 200)
	f(map[string]string{"X-Auth-Gateway": secret}, "/whoami", 401)
	f(map[string]string{"X-Auth-Gateway": secret + "x", "X-Auth-Subject": "a"}, "/whoami", 401)
	f(map[string]string{"X-Auth-Gateway": "", "X-Auth-Subject": "a"}, "/whoami", 401)
	f(map[string]string{"X-Auth-Subject": "a", "Authorization": "Bearer tg_x"}, "/whoami", 401)
	f(nil, "/whoami", 401)
	f(nil, "/healthz", 200)
}

// Whatever arrives under a name that folds to an identity header is shown.
func TestWhoami(t *testing.T) {
	h := behindGateway(t)
	r := httptest.NewRequest("GET", "/whoami", nil)
	r.Header["X-Auth-Gateway"] = []string{secret}
	r.Header["X-Auth-Subject"] = []string{"customer-1"}
	r.Header["X_auth.roles"] = []string{"admin", "root"}
	r.Header["Accept"] = []string{"*/*"}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	got := decode[map[string]string](t, w.Result())
	if len(got) != 2 || got["X-Auth-Subject"] != "customer-1" || got["X_auth.roles"] != "admin, root" {
		t.Errorf("%v", got)
	}
}
