package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tollgate/tollgate/internal/yamlconf"
	"github.com/tollgate/tollgate/introspect"
	"github.com/tollgate/tollgate/introspect/admin"
)

// where says which security service a command operates on.
type where struct{ config, data string }

// flags adds the flags that every command of the kind has.
func (w *where) flags(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&w.config, "config", "", "the security service's configuration (default introspect.yaml in the data folder)")
	cmd.PersistentFlags().StringVar(&w.data, "data", "data", "its data folder")
}

// open reaches the running service, or opens its store where none runs.
func (w *where) open(cmd *cobra.Command) (admin.Admin, error) {
	if w.config != "" && cmd.Flags().Changed("data") {
		return nil, usagef("give --config or --data, not both: the configuration names the data folder")
	}
	conf, err := w.read()
	if err != nil {
		return nil, err
	}
	ops, err := introspect.OpenAdmin(cmd.Context(), conf, offlineAudit(conf))
	if err != nil {
		return nil, fmt.Errorf("opening the security service's data: %w", err)
	}
	return ops, nil
}

func (w *where) read() (introspect.Config, error) {
	path := w.config
	if path == "" {
		path = filepath.Join(w.data, "introspect.yaml")
	}
	var conf introspect.Config
	err := yamlconf.Load(path, &conf)
	if errors.Is(err, fs.ErrNotExist) && w.config == "" {
		return conf, fmt.Errorf("no security service in %s: %s does not exist; name its configuration with --config, or its data folder with --data", w.data, path)
	}
	return conf, err
}

// operation makes the body of a command that does one thing to a service.
func (w *where) operation(do func(cmd *cobra.Command, ops admin.Admin, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		ops, err := w.open(cmd)
		if err != nil {
			return err
		}
		return errors.Join(do(cmd, ops, args), ops.Close())
	}
}

// readSecret reads a secret, from a terminal without showing it.
func readSecret(cmd *cobra.Command, what string) ([]byte, error) {
	in := cmd.InOrStdin()
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: ", what)
		secret, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		return secret, err
	}
	line, err := bufio.NewReader(io.LimitReader(in, 64<<10)).ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the %s from stdin: %w", what, err)
	}
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 {
		return nil, fmt.Errorf("the first line of stdin has to be the %s", what)
	}
	return line, nil
}

// readNewPassword reads a password that is going to be somebody's: from a
// terminal twice, since nobody sees what is typed.
func readNewPassword(cmd *cobra.Command) ([]byte, error) {
	first, err := readSecret(cmd, "password")
	if f, ok := cmd.InOrStdin().(*os.File); err != nil || !ok || !term.IsTerminal(int(f.Fd())) {
		return first, err
	}
	second, err := readSecret(cmd, "the same again")
	if err == nil && !bytes.Equal(first, second) {
		err = errors.New("the two passwords are not the same; nothing was changed")
	}
	return first, err
}

// table prints rows under a heading, or as JSON, one object a line.
func table[T any](cmd *cobra.Command, list []T, asJSON bool, heading string, row func(T) string) error {
	out := cmd.OutOrStdout()
	if asJSON {
		enc := json.NewEncoder(out)
		for _, item := range list {
			if err := enc.Encode(item); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, heading)
	for _, item := range list {
		fmt.Fprintln(w, row(item))
	}
	return w.Flush()
}

func words(list []string) string {
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, " ")
}

func yes(b bool, word string) string {
	if b {
		return word
	}
	return "-"
}

func when(unix int64) string {
	if unix == 0 {
		return "-"
	}
	return time.Unix(unix, 0).UTC().Format(time.RFC3339)
}
