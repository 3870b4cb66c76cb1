package admin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/store"
)

// Format is the format of a file of accounts.
type Format string

// The formats. CSV has a header line that names the columns id, hash, roles and
// scopes in any order, the last two separated by spaces and optional; JSON
// Lines has an object a line with members of the same names, the last two
// arrays of strings.
const (
	CSV       Format = "csv"
	JSONLines Format = "jsonl"
)

// ErrFormat: the format is neither of the two.
var ErrFormat = errors.New("format must be csv or jsonl")

type row struct {
	ID     string   `json:"id"`
	Hash   string   `json:"hash"`
	Roles  []string `json:"roles"`
	Scopes []string `json:"scopes"`
}

// ImportUsers implements Admin.
func (l *Local) ImportUsers(ctx context.Context, format Format, from io.Reader) (Imported, error) {
	var rows []row
	var err error
	switch format {
	case CSV:
		rows, err = readCSV(from)
	case JSONLines:
		rows, err = readJSONLines(from)
	default:
		err = ErrFormat
	}
	if err != nil {
		return Imported{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	taken, err := l.taken(ctx)
	if err != nil {
		return Imported{}, err
	}
	taken.add(l.LoginClient)
	var done Imported
	for _, r := range rows {
		err := taken.check(r.ID)
		if err == nil {
			taken.add(r.ID)
			u := &store.User{ID: r.ID, Hash: r.Hash, Roles: r.Roles, Scopes: r.Scopes, Created: l.now()}
			err = wrap(l.Store.PutUser(ctx, u, nil), r.ID)
		}
		switch {
		case err == nil:
			done.Added++
		case errors.Is(err, ErrExists):
			done.Exists++
		default:
			return done, err
		}
	}
	l.Log.Info("audit", "event", "users imported", "added", done.Added, "exist", done.Exists)
	return done, nil
}

func (r row) check() error {
	if err := checkUser(r.ID, r.Roles, r.Scopes); err != nil {
		return err
	}
	return account.CheckHash(r.Hash)
}

func readCSV(from io.Reader) ([]row, error) {
	in := csv.NewReader(from)
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	columns := []string{"id", "hash", "roles", "scopes"}
	if strings.HasPrefix(header[0], "\ufeff") {
		return nil, errors.New("header: begins with a byte order mark: save the file as UTF-8 without one")
	}
	if len(header) == 1 && strings.Contains(header[0], ";") {
		return nil, errors.New("header: columns are separated by semicolons: separate them by commas")
	}
	for _, name := range header {
		if !slices.Contains(columns, name) {
			return nil, fmt.Errorf("header: column is not one of %s", strings.Join(columns, ", "))
		}
	}
	if !slices.Contains(header, "id") || !slices.Contains(header, "hash") {
		return nil, errors.New("header: columns id and hash are required")
	}
	var rows []row
	for {
		record, err := in.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		field := func(name string) string {
			if i := slices.Index(header, name); i >= 0 {
				return record[i]
			}
			return ""
		}
		r := row{field("id"), field("hash"), strings.Fields(field("roles")), strings.Fields(field("scopes"))}
		if err := r.check(); err != nil {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		rows = append(rows, r)
	}
}

func readJSONLines(from io.Reader) ([]row, error) {
	in := bufio.NewScanner(from)
	in.Buffer(nil, 64<<10)
	var rows []row
	for n := 1; in.Scan(); n++ {
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		var r row
		dec := json.NewDecoder(bytes.NewReader(in.Bytes()))
		dec.DisallowUnknownFields()
		if dec.Decode(&r) != nil || dec.More() {
			return nil, fmt.Errorf("line %d: not an object with members id, hash, roles, scopes", n)
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		rows = append(rows, r)
	}
	return rows, in.Err()
}
