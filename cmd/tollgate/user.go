package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/introspect/admin"
)

func newUser() *cobra.Command {
	w := new(where)
	cmd := &cobra.Command{
		Use:   "user",
		Short: "People who log in: add, list, disable, import",
		Example: `  tollgate user add alice --role customer < password.txt
  tollgate user list
  tollgate user disable alice`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	w.flags(cmd)
	cmd.AddCommand(newUserAdd(w), newUserList(w), newUserDisable(w), newUserImport(w))
	return cmd
}

func newUserAdd(w *where) *cobra.Command {
	var n admin.NewUser
	cmd := &cobra.Command{
		Use:   "add ID",
		Short: "Add a person, with a password from stdin",
		Example: `  tollgate user add alice --role customer < password.txt
  tollgate user add alice --role customer --replace < new-password.txt`,
		Args: oneArg("the id"),
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) (err error) {
			n.ID = args[0]
			if n.Password, err = readSecret(cmd, "password"); err != nil {
				return err
			}
			u, err := ops.AddUser(cmd.Context(), n)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "user %s: roles %s, scopes %s\n", u.ID, words(u.Roles), words(u.Scopes))
			return err
		}),
	}
	cmd.Flags().StringSliceVar(&n.Roles, "role", nil, "a role; may be given several times")
	cmd.Flags().StringSliceVar(&n.Scopes, "scope", nil, "a scope; may be given several times")
	cmd.Flags().BoolVar(&n.Replace, "replace", false, "change a person who is there, and end the sessions of the old password")
	return cmd
}

func newUserList(w *where) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the people",
		Example: `  tollgate user list
  tollgate user list --json --data /var/lib/tollgate`,
		Args: noArgs,
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, _ []string) error {
			list, err := ops.Users(cmd.Context())
			if err != nil {
				return err
			}
			return table(cmd, list, asJSON, "ID\tROLES\tSCOPES\tCREATED\tDISABLED", func(u admin.User) string {
				return strings.Join([]string{u.ID, words(u.Roles), words(u.Scopes), when(u.Created), yes(u.Disabled, "disabled")}, "\t")
			})
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func newUserDisable(w *where) *cobra.Command {
	return &cobra.Command{
		Use:     "disable ID",
		Short:   "Bar a person and revoke all tokens they have",
		Example: "  tollgate user disable alice",
		Args:    oneArg("the id"),
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) error {
			u, err := ops.DisableUser(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "user %s: disabled, all tokens revoked\n", u.ID)
			return err
		}),
	}
}

func newUserImport(w *where) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Add people with the password hashes of another system, from stdin",
		Long: `Add people with the password hashes of another system, from stdin.

CSV has a header line with the columns id and hash and, if wanted, roles and
scopes, separated by spaces. JSON Lines has an object a line with the same
names; roles and scopes are arrays. Hashes are PHC strings of argon2id or
argon2i, or bcrypt's. Who is there already is left alone.`,
		Example: `  tollgate user import < people.csv
  tollgate user import --format jsonl < people.jsonl`,
		Args: noArgs,
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, _ []string) error {
			done, err := ops.ImportUsers(cmd.Context(), admin.Format(format), cmd.InOrStdin())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d added, %d there already\n", done.Added, done.Exists)
			return err
		}),
	}
	cmd.Flags().StringVar(&format, "format", string(admin.CSV), "csv or jsonl")
	return cmd
}
