package gateway

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// A real nginx asks /authorize, as docs/gateway.md says, and forwards itself.
func TestNginx(t *testing.T) {
	program := installed(t, "nginx")
	w, auth := newTraffic(t, nil)
	dir := t.TempDir()
	addr := unused(t)
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	conf := fmt.Sprintf(`
%[1]s
pid %[2]s/pid;
error_log stderr crit;
events {}
http {
	access_log off;
	client_body_temp_path %[2]s/b; proxy_temp_path %[2]s/p; fastcgi_temp_path %[2]s/f; uwsgi_temp_path %[2]s/u; scgi_temp_path %[2]s/s;
	server {
		listen %[3]s;
		location / {
			auth_request /_tollgate;
			auth_request_set $token $upstream_http_authorization;
			auth_request_set $subject $upstream_http_x_auth_subject;
			auth_request_set $client $upstream_http_x_auth_client;
			auth_request_set $roles $upstream_http_x_auth_roles;
			auth_request_set $scopes $upstream_http_x_auth_scopes;
			auth_request_set $token_id $upstream_http_x_auth_token_id;
			proxy_set_header Authorization $token;
			proxy_set_header X-Auth-Subject $subject;
			proxy_set_header X-Auth-Client $client;
			proxy_set_header X-Auth-Roles $roles;
			proxy_set_header X-Auth-Scopes $scopes;
			proxy_set_header X-Auth-Token-Id $token_id;
			proxy_set_header X-Auth-Gateway "";
			proxy_pass http://%[4]s;
		}
		location = /_tollgate {
			internal;
			proxy_pass http://%[5]s/authorize;
			proxy_pass_request_body off;
			proxy_set_header Content-Length "";
			proxy_set_header X-Original-Method $request_method;
			proxy_set_header X-Original-URI $request_uri;
			proxy_set_header X-Forwarded-Method "";
			proxy_set_header X-Forwarded-Uri "";
		}
	}
}`, user, dir, addr, w.upstream.Addr(), w.admin)
	file := written(t, dir, "nginx.conf", conf)
	cmd := exec.Command(program, "-c", file, "-p", dir, "-e", "stderr", "-g", "daemon off;")
	front := w.behind(cmd, addr)
	front.guards(auth)
}
