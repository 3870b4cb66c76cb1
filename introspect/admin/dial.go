package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"syscall"

	"github.com/tollgate/tollgate/internal/private"
	"github.com/tollgate/tollgate/introspect/signing"
)

// remote is an Admin behind a socket.
type remote struct{ http *http.Client }

// ErrNoService: no service listens there.
var ErrNoService = errors.New("no service is running")

// Dial reaches the service that listens on the socket at path. It refuses a
// socket, and a folder, that another user could have made: passwords are sent to
// whoever listens. Where nobody listens the error is ErrNoService.
func Dial(ctx context.Context, path string) (Admin, error) {
	err := private.CheckDir(filepath.Dir(path))
	if err == nil {
		err = private.CheckSocket(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoService
	}
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		name, done, err := SocketName(path)
		if err != nil {
			return nil, err
		}
		defer done()
		var d net.Dialer
		return d.DialContext(ctx, "unix", name)
	}
	conn, err := dial(ctx, "", "") // to learn now whether somebody is there
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNoService // one was, and was killed
	}
	if err != nil {
		return nil, err
	}
	if err := conn.Close(); err != nil {
		return nil, err
	}
	return &remote{&http.Client{Transport: &http.Transport{DialContext: dial}}}, nil
}

// remoteError is an error that happened at the other end.
type remoteError struct {
	message string
	is      error
}

func (e *remoteError) Error() string { return e.message }
func (e *remoteError) Unwrap() error { return e.is }

func (r *remote) post(ctx context.Context, path string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://admin"+path, body)
	if err != nil {
		return err
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return fmt.Errorf("asking the running service: %w", err)
	}
	defer resp.Body.Close()
	dec := json.NewDecoder(resp.Body)
	if resp.StatusCode == http.StatusOK {
		return dec.Decode(out)
	}
	var f failure
	if err := dec.Decode(&f); err != nil {
		return fmt.Errorf("asking the running service: status %d", resp.StatusCode)
	}
	e := &remoteError{message: f.Message}
	for _, s := range sentinels {
		if s.Error() == f.Is {
			e.is = s
		}
	}
	return e
}

func call[Out any](ctx context.Context, r *remote, path string, in any) (out Out, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	err = r.post(ctx, path, bytes.NewReader(body), &out)
	return out, err
}

func (r *remote) AddUser(ctx context.Context, n NewUser) (User, error) {
	return call[User](ctx, r, "/user/add", n)
}

func (r *remote) Users(ctx context.Context) ([]User, error) {
	return call[[]User](ctx, r, "/user/list", none{})
}

func (r *remote) DisableUser(ctx context.Context, id string) (User, error) {
	return call[User](ctx, r, "/user/disable", named{id})
}

func (r *remote) SetUser(ctx context.Context, c UserChange) (User, error) {
	return call[User](ctx, r, "/user/set", c)
}

func (r *remote) SetPassword(ctx context.Context, id string, password []byte) (User, error) {
	return call[User](ctx, r, "/user/password", newPassword{id, password})
}

func (r *remote) EnableUser(ctx context.Context, id string) (User, error) {
	return call[User](ctx, r, "/user/enable", named{id})
}

func (r *remote) DeleteUser(ctx context.Context, id string) (User, error) {
	return call[User](ctx, r, "/user/delete", named{id})
}

func (r *remote) UnlockUser(ctx context.Context, id string) (User, error) {
	return call[User](ctx, r, "/user/unlock", named{id})
}

func (r *remote) Sessions(ctx context.Context, user string) ([]Session, error) {
	return call[[]Session](ctx, r, "/session/list", named{user})
}

func (r *remote) RevokeSession(ctx context.Context, id string) (Session, error) {
	return call[Session](ctx, r, "/session/revoke", named{id})
}

func (r *remote) RevokeSessions(ctx context.Context, user string) ([]Session, error) {
	return call[[]Session](ctx, r, "/session/revoke-all", named{user})
}

func (r *remote) SetClient(ctx context.Context, c ClientChange) (Client, error) {
	return call[Client](ctx, r, "/client/set", c)
}

func (r *remote) EnableClient(ctx context.Context, id string) (Client, error) {
	return call[Client](ctx, r, "/client/enable", named{id})
}

func (r *remote) ImportUsers(ctx context.Context, format Format, from io.Reader) (done Imported, err error) {
	if format != CSV && format != JSONLines {
		return done, ErrFormat
	}
	err = r.post(ctx, "/user/import/"+string(format), from, &done)
	return done, err
}

func (r *remote) AddClient(ctx context.Context, n NewClient) (Client, string, error) {
	p, err := call[pair](ctx, r, "/client/add", n)
	return p.Client, p.Secret, err
}

func (r *remote) Clients(ctx context.Context) ([]Client, error) {
	return call[[]Client](ctx, r, "/client/list", none{})
}

func (r *remote) DisableClient(ctx context.Context, id string) (Client, error) {
	return call[Client](ctx, r, "/client/disable", named{id})
}

func (r *remote) AddSecret(ctx context.Context, client string, given []byte) (Secret, string, error) {
	p, err := call[secretPair](ctx, r, "/secret/add", newSecret{client, given})
	return p.Made, p.Secret, err
}

func (r *remote) Secrets(ctx context.Context, client string) ([]Secret, error) {
	return call[[]Secret](ctx, r, "/secret/list", named{client})
}

func (r *remote) RemoveSecret(ctx context.Context, client, id string) (Secret, error) {
	return call[Secret](ctx, r, "/secret/remove", oneSecret{client, id})
}

func (r *remote) Keys(ctx context.Context) ([]signing.Info, error) {
	return call[[]signing.Info](ctx, r, "/keys/list", none{})
}

func (r *remote) NewKey(ctx context.Context) (signing.Info, error) {
	return call[signing.Info](ctx, r, "/keys/new", none{})
}

func (r *remote) RotateKey(ctx context.Context) (signing.Info, error) {
	return call[signing.Info](ctx, r, "/keys/rotate", none{})
}

func (r *remote) RetireKey(ctx context.Context, kid string) (signing.Info, error) {
	return call[signing.Info](ctx, r, "/keys/retire", named{kid})
}

func (r *remote) ExportKeys(ctx context.Context) ([]byte, error) {
	return call[json.RawMessage](ctx, r, "/keys/export", none{})
}

func (r *remote) ImportKeys(ctx context.Context, set []byte) (Imported, error) {
	if !json.Valid(set) {
		return Imported{}, signing.ErrImport
	}
	return call[Imported](ctx, r, "/keys/import", json.RawMessage(set))
}

func (r *remote) Close() error {
	r.http.CloseIdleConnections()
	return nil
}
