package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/tollgate/tollgate/internal/private"
)

// folder is the data folder of dev.
type folder string

// openFolder makes the folder, for its owner alone, where it is not there yet. One
// with the store of a security service that dev has not made is refused: dev would
// add its accounts to it, and give clients of the same ids other secrets.
func openFolder(path string) (folder, error) {
	abs, err := filepath.Abs(path)
	if err == nil && exists(filepath.Join(abs, "store")) && !exists(filepath.Join(abs, "issuer")) {
		return "", fmt.Errorf("the data folder %s is a security service's, and no demo's; choose another with --data", path)
	}
	if err == nil {
		err = os.MkdirAll(filepath.Join(abs, "secrets"), 0o700)
	}
	if err == nil {
		_, err = os.ReadDir(abs)
	}
	if err == nil {
		err = private.CheckDir(abs)
	}
	if err == nil {
		err = private.CheckDir(filepath.Join(abs, "secrets"))
	}
	if err != nil {
		// The reason without the system call; the path is the one that was given.
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return "", fmt.Errorf("cannot use the data folder %s: %w; choose another with --data", path, err)
	}
	return folder(abs), nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

// lock keeps other processes from using the folder as a demo, until the
// returned function is called or the process ends.
func (f folder) lock() (unlock func() error, err error) {
	file, err := private.OpenFile(f.path("lock"), os.O_CREATE|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("another tollgate dev uses the data folder %s; stop it, or choose another with --data", f)
	}
	return file.Close, nil
}

// once returns what the file called name holds; where there is none, it makes
// one of what value returns, and reports that it did.
func (f folder) once(name string, value func() ([]byte, error)) (text []byte, made bool, err error) {
	text, err = private.ReadFile(f.path(name))
	if !errors.Is(err, fs.ErrNotExist) {
		return text, false, err
	}
	if text, err = value(); err != nil {
		return nil, false, err
	}
	return text, true, f.write(name, text)
}

// write replaces a file at once, so that a crash leaves the old one or the new
// one, and lets nobody but the owner read it.
func (f folder) write(name string, text []byte) error { return private.WriteFile(f.path(name), text) }

// settings are what the configurations of dev are made of.
type settings struct {
	Mode, Issuer                  string
	Listen, Admin                 string
	Introspect, IntrospectAdmin   string
	Service                       string
	Data                          string
	GatewaySecret, UpstreamSecret string
	CacheTTL, AccessTTL           time.Duration
}

//go:embed demo/*.yaml
var templates embed.FS

// configure writes the configuration called name and returns its path.
func (f folder) configure(name string, s settings) (string, error) {
	text, err := templates.ReadFile("demo/" + name)
	if err != nil {
		return "", err
	}
	t, err := template.New(name).Funcs(template.FuncMap{"q": strconv.Quote}).Parse(string(text))
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, s); err != nil {
		return "", err
	}
	return f.path(name), f.write(name, out.Bytes())
}

// issuer is the iss of all tokens. It is fixed at the first start, so that
// tokens outlive a restart on other ports.
func (f folder) issuer(address string) (string, error) {
	text, _, err := f.once("issuer", func() ([]byte, error) { return []byte("http://" + address + "\n"), nil })
	return strings.TrimSpace(string(text)), err
}
