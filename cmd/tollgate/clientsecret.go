package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/introspect/admin"
)

func newClientSecret(w *where) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "The secrets of a client, of which it may have two: add, list, remove",
		Long: `The secrets of a client. It may have two, so that one can be replaced without
an outage: add the new one, give it to every place where the client runs, then
remove the old one. A secret is named by the first eight hexadecimal digits of
its SHA-256.`,
		Example: `  tollgate client secret add gateway > gateway.secret.new && mv gateway.secret.new gateway.secret
  tollgate client secret list gateway
  tollgate client secret remove gateway 1f8ac10f`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newClientSecretAdd(w), newClientSecretList(w), newClientSecretRemove(w))
	return cmd
}

func newClientSecretAdd(w *where) *cobra.Command {
	var given bool
	cmd := &cobra.Command{
		Use:   "add ID",
		Short: "Give a client a second secret and print it, once",
		Long: `Give a client a second secret, beside the one it has, and print it alone on a
line of stdout. It is kept as a digest, so this is the only time it can be seen.
Where several security services share a Redis, the others know it within a
second.`,
		Example: `  tollgate client secret add reporting
  tollgate client secret add legacy --secret-stdin < secret.txt`,
		Args: oneArg("the client's id"),
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) (err error) {
			var secret []byte
			if given {
				if secret, err = readSecret(cmd, "secret"); err != nil {
					return err
				}
			}
			made, text, err := ops.AddSecret(cmd.Context(), args[0], secret)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "client %s: secret %s added\n", args[0], made.ID)
			if given {
				return nil
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
			return err
		}),
	}
	cmd.Flags().BoolVar(&given, "secret-stdin", false, "take the secret from stdin instead of making one")
	return cmd
}

func newClientSecretList(w *where) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list ID",
		Short: "List a client's secrets, by their ids",
		Example: `  tollgate client secret list gateway
  tollgate client secret list gateway --json`,
		Args: oneArg("the client's id"),
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) error {
			list, err := ops.Secrets(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return table(cmd, list, asJSON, "ID\tCREATED", func(s admin.Secret) string { return s.ID + "\t" + when(s.Created) })
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func newClientSecretRemove(w *where) *cobra.Command {
	return &cobra.Command{
		Use:   "remove ID SECRET",
		Short: "End one of a client's two secrets",
		Long: `End one of a client's two secrets, by its id. The last one is not removed:
disable the client instead. Tokens that were obtained with it stay good until
they expire. Where several security services share a Redis, the others may
accept the secret for up to a second.`,
		Example: "  tollgate client secret remove gateway 1f8ac10f",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("%s takes two arguments, the client's id and that of the secret; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) error {
			s, err := ops.RemoveSecret(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "client %s: secret %s removed\n", args[0], s.ID)
			return err
		}),
	}
}
