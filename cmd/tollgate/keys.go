package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/introspect/admin"
	"github.com/tollgate/tollgate/introspect/signing"
)

func newKeys() *cobra.Command {
	w := new(where)
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Keys that tokens are signed with: new, list, rotate, retire, export, import",
		Example: `  tollgate keys list
  tollgate keys rotate
  tollgate keys retire KID`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	w.flags(cmd)
	cmd.AddCommand(
		newKeysMake(w, "new", "Make a key that signs from now on",
			"Verifiers that have not fetched it yet refuse its tokens: to replace a key in\nuse, rotate.", admin.Admin.NewKey),
		newKeysList(w),
		newKeysMake(w, "rotate", "Publish a new key, which takes over once verifiers know it",
			"The key it follows stays published for as long as a token of its may live, so\nthat no good token is refused.", admin.Admin.RotateKey),
		newKeysRetire(w),
		newKeysExport(w),
		newKeysImport(w),
	)
	return cmd
}

func newKeysMake(w *where, name, short, long string, do func(admin.Admin, context.Context) (signing.Info, error)) *cobra.Command {
	return &cobra.Command{
		Use:     name,
		Short:   short,
		Long:    short + ".\n\n" + long,
		Example: "  tollgate keys " + name,
		Args:    noArgs,
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, _ []string) error {
			k, err := do(ops, cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "key %s: signs from %s\n", k.ID, when(k.Signs))
			return err
		}),
	}
}

func newKeysList(w *where) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the keys",
		Example: `  tollgate keys list
  tollgate keys list --json`,
		Args: noArgs,
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, _ []string) error {
			list, err := ops.Keys(cmd.Context())
			if err != nil {
				return err
			}
			return table(cmd, list, asJSON, "KID\tSTATE\tCREATED\tSIGNS FROM\tPUBLISHED UNTIL\tRETIRED", func(k signing.Info) string {
				return strings.Join([]string{k.ID, string(k.State), when(k.Created), when(k.Signs), when(k.Until), when(k.Retired)}, "\t")
			})
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func newKeysRetire(w *where) *cobra.Command {
	return &cobra.Command{
		Use:     "retire KID",
		Short:   "End a key at once, and with it every token it signed",
		Example: "  tollgate keys retire KID",
		Args:    oneArg("the kid"),
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) error {
			k, err := ops.RetireKey(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "key %s: retired, its tokens are revoked\n", k.ID)
			return err
		}),
	}
}

func newKeysExport(w *where) *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Print the keys with their private parts, for keys.env or keys import",
		Long: `Print the keys with their private parts, as a JWK set on a line of stdout: for
the environment variable that keys.env names, or for keys import at another
security service. Whoever has it can sign tokens.`,
		Example: `  (umask 077; tollgate keys export > keys.json)
  tollgate keys export --data a | tollgate keys import --data b`,
		Args: noArgs,
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, _ []string) error {
			set, err := ops.ExportKeys(cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", set)
			return err
		}),
	}
}

func newKeysImport(w *where) *cobra.Command {
	return &cobra.Command{
		Use:   "import",
		Short: "Add the keys that keys export has printed, from stdin",
		Long: `Add the keys that keys export has printed, from stdin. One that is there already
is left as it is. Each takes its place by the time from which it signs: that
which begins last signs, and the others stay published for as long as a token of
theirs may live.`,
		Example: "  tollgate keys import < keys.json",
		Args:    noArgs,
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, _ []string) error {
			set, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<20))
			if err != nil {
				return fmt.Errorf("reading the keys from stdin: %w", err)
			}
			done, err := ops.ImportKeys(cmd.Context(), set)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d added, %d there already\n", done.Added, done.Exists)
			return err
		}),
	}
}
