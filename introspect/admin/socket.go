package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/signing"
)

// What a call says over the socket: a POST to a path of its own, JSON both
// ways; a failure is 400 with a failure as its body.
type (
	none        struct{}
	named       struct{ ID string }
	newPassword struct {
		ID       string
		Password []byte
	}
	pair struct {
		Client Client
		Secret string
	}
	newSecret struct {
		Client string
		Given  []byte
	}
	secretPair struct {
		Made   Secret
		Secret string
	}
	oneSecret struct{ Client, ID string }
	failure   struct {
		Message string
		Is      string // the text of the sentinel behind it, if there is one
	}
)

// sentinels are the errors that keep their identity over the socket.
var sentinels = []error{
	ErrExists, ErrNotFound, ErrChanged, ErrReserved, ErrAudience, ErrFormat,
	ErrTwoSecrets, ErrLastSecret, ErrNoSecret, ErrSameSecret, ErrPublic,
	ErrNoSession, ErrProfile, account.ErrPasswordShort, account.ErrPasswordCommon,
	account.ErrUserID, account.ErrClientID, account.ErrRole, account.ErrScope,
	account.ErrPasswordLength, account.ErrHash, account.ErrSecretLength, account.ErrSecretText, account.ErrBusy,
	signing.ErrUnknownKey, signing.ErrChanged, signing.ErrImport, signing.ErrFixed, signing.ErrNoKey,
}

// maxCall bounds a call's body. An import sends its whole file.
const maxCall = 1 << 30

// Handler serves a over a socket that only its owner can reach.
func Handler(a Admin) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /user/add", serve(a.AddUser))
	mux.HandleFunc("POST /user/list", serve(func(ctx context.Context, _ none) ([]User, error) { return a.Users(ctx) }))
	mux.HandleFunc("POST /user/disable", serve(func(ctx context.Context, n named) (User, error) { return a.DisableUser(ctx, n.ID) }))
	mux.HandleFunc("POST /user/set", serve(a.SetUser))
	mux.HandleFunc("POST /user/password", serve(func(ctx context.Context, n newPassword) (User, error) { return a.SetPassword(ctx, n.ID, n.Password) }))
	mux.HandleFunc("POST /user/enable", serve(func(ctx context.Context, n named) (User, error) { return a.EnableUser(ctx, n.ID) }))
	mux.HandleFunc("POST /user/delete", serve(func(ctx context.Context, n named) (User, error) { return a.DeleteUser(ctx, n.ID) }))
	mux.HandleFunc("POST /user/unlock", serve(func(ctx context.Context, n named) (User, error) { return a.UnlockUser(ctx, n.ID) }))
	mux.HandleFunc("POST /session/list", serve(func(ctx context.Context, n named) ([]Session, error) { return a.Sessions(ctx, n.ID) }))
	mux.HandleFunc("POST /session/revoke", serve(func(ctx context.Context, n named) (Session, error) { return a.RevokeSession(ctx, n.ID) }))
	mux.HandleFunc("POST /session/revoke-all", serve(func(ctx context.Context, n named) ([]Session, error) { return a.RevokeSessions(ctx, n.ID) }))
	mux.HandleFunc("POST /user/import/{format}", func(w http.ResponseWriter, r *http.Request) {
		done, err := a.ImportUsers(r.Context(), Format(r.PathValue("format")), http.MaxBytesReader(w, r.Body, maxCall))
		answer(w, done, err)
	})
	mux.HandleFunc("POST /client/add", serve(func(ctx context.Context, n NewClient) (pair, error) {
		c, secret, err := a.AddClient(ctx, n)
		return pair{c, secret}, err
	}))
	mux.HandleFunc("POST /client/list", serve(func(ctx context.Context, _ none) ([]Client, error) { return a.Clients(ctx) }))
	mux.HandleFunc("POST /client/set", serve(a.SetClient))
	mux.HandleFunc("POST /client/enable", serve(func(ctx context.Context, n named) (Client, error) { return a.EnableClient(ctx, n.ID) }))
	mux.HandleFunc("POST /client/disable", serve(func(ctx context.Context, n named) (Client, error) { return a.DisableClient(ctx, n.ID) }))
	mux.HandleFunc("POST /secret/add", serve(func(ctx context.Context, n newSecret) (secretPair, error) {
		made, secret, err := a.AddSecret(ctx, n.Client, n.Given)
		return secretPair{made, secret}, err
	}))
	mux.HandleFunc("POST /secret/list", serve(func(ctx context.Context, n named) ([]Secret, error) { return a.Secrets(ctx, n.ID) }))
	mux.HandleFunc("POST /secret/remove", serve(func(ctx context.Context, n oneSecret) (Secret, error) { return a.RemoveSecret(ctx, n.Client, n.ID) }))
	mux.HandleFunc("POST /keys/list", serve(func(ctx context.Context, _ none) ([]signing.Info, error) { return a.Keys(ctx) }))
	mux.HandleFunc("POST /keys/new", serve(func(ctx context.Context, _ none) (signing.Info, error) { return a.NewKey(ctx) }))
	mux.HandleFunc("POST /keys/rotate", serve(func(ctx context.Context, _ none) (signing.Info, error) { return a.RotateKey(ctx) }))
	mux.HandleFunc("POST /keys/retire", serve(func(ctx context.Context, n named) (signing.Info, error) { return a.RetireKey(ctx, n.ID) }))
	mux.HandleFunc("POST /keys/export", serve(func(ctx context.Context, _ none) (json.RawMessage, error) { return a.ExportKeys(ctx) }))
	mux.HandleFunc("POST /keys/import", serve(func(ctx context.Context, set json.RawMessage) (Imported, error) { return a.ImportKeys(ctx, set) }))
	return mux
}

func serve[In, Out any](op func(context.Context, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&in); err != nil {
			answer(w, nil, errors.New("call cannot be read")) // err could quote a password
			return
		}
		out, err := op(r.Context(), in)
		answer(w, out, err)
	}
}

func answer(w http.ResponseWriter, out any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		f := failure{Message: err.Error()}
		for _, s := range sentinels {
			if errors.Is(err, s) {
				f.Is = s.Error()
			}
		}
		w.WriteHeader(http.StatusBadRequest)
		out = f
	}
	json.NewEncoder(w).Encode(out)
}
