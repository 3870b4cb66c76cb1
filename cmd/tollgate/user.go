package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tollgate/tollgate/introspect/admin"
)

func newUser() *cobra.Command {
	w := new(where)
	cmd := &cobra.Command{
		Use:   "user",
		Short: "People who log in: add, set, passwd, list, disable, enable, unlock, delete, import",
		Example: `  tollgate user add alice --role customer < password.txt
  tollgate user set alice --role customer --role auditor
  tollgate user list
  tollgate user disable alice`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	w.flags(cmd)
	cmd.AddCommand(newUserAdd(w), newUserSet(w), newUserPasswd(w), newUserList(w), newUserImport(w),
		newUserChange(w, "disable", "Bar a person and revoke all tokens they have", "disabled, all tokens revoked", admin.Admin.DisableUser),
		newUserChange(w, "enable", "Let a disabled person log in again", "enabled", admin.Admin.EnableUser),
		newUserChange(w, "unlock", "Let a person try again at once after too many failed logins", "unlocked", admin.Admin.UnlockUser),
		newUserChange(w, "delete", "Remove a person, and revoke all tokens they have", "deleted, all tokens revoked", admin.Admin.DeleteUser))
	return cmd
}

func newUserAdd(w *where) *cobra.Command {
	var n admin.NewUser
	cmd := &cobra.Command{
		Use:   "add ID",
		Short: "Add a person, with a password from stdin",
		Long: `Add a person, with a password from stdin; on a terminal it is asked for twice.
It has to have 12 characters (login.min_password) and must not be one of the
most common ones. An id that reads like one that is there is refused.

With --replace a person who is there gets the new password, and the roles and
scopes that are given; what is not given stays.`,
		Example: `  tollgate user add alice --role customer < password.txt
  tollgate user add alice --role customer --replace < new-password.txt`,
		Args: oneArg("the id"),
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) (err error) {
			n.ID = args[0]
			if n.Password, err = readNewPassword(cmd); err != nil {
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
	cmd.Flags().BoolVar(&n.Replace, "replace", false, "give a person who is there the new password, and end the sessions of the old one")
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
			return table(cmd, list, asJSON, "ID\tROLES\tSCOPES\tEMAIL\tCREATED\tDISABLED", func(u admin.User) string {
				return strings.Join([]string{u.ID, words(u.Roles), words(u.Scopes), cmp.Or(u.Email, "-"), when(u.Created), yes(u.Disabled, "disabled")}, "\t")
			})
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// newUserChange is a command that does one thing to a person; done says what.
func newUserChange(w *where, name, short, done string, do func(admin.Admin, context.Context, string) (admin.User, error)) *cobra.Command {
	return &cobra.Command{
		Use:     name + " ID",
		Short:   short,
		Example: "  tollgate user " + name + " alice",
		Args:    oneArg("the id"),
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) error {
			u, err := do(ops, cmd.Context(), args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "user %s: %s\n", u.ID, done)
			return err
		}),
	}
}

func newUserSet(w *where) *cobra.Command {
	var roles, scopes []string
	var name, email string
	var verified bool
	cmd := &cobra.Command{
		Use:   "set ID",
		Short: "Change roles, scopes, name or email of a person",
		Long: `Change what is given of a person and leave the rest, the password too. --role and
--scope name all that the person has afterwards; --role "" takes all away. Where
something is taken away the person's sessions end, since their tokens have it.`,
		Example: `  tollgate user set alice --role customer --role auditor
  tollgate user set alice --email alice@example.com --email-verified`,
		Args: oneArg("the id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags := cmd.Flags()
			c := admin.UserChange{ID: args[0]}
			given(flags, "role", &c.Roles, &roles)
			given(flags, "scope", &c.Scopes, &scopes)
			given(flags, "name", &c.Name, &name)
			given(flags, "email", &c.Email, &email)
			given(flags, "email-verified", &c.EmailVerified, &verified)
			if c == (admin.UserChange{ID: c.ID}) {
				return usagef("%s changes what its flags name, and none is given; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			return w.operation(func(cmd *cobra.Command, ops admin.Admin, _ []string) error {
				u, err := ops.SetUser(cmd.Context(), c)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "user %s: roles %s, scopes %s, email %s\n", u.ID, words(u.Roles), words(u.Scopes), cmp.Or(u.Email, "-"))
				return err
			})(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&roles, "role", nil, "a role; may be given several times")
	flags.StringSliceVar(&scopes, "scope", nil, "a scope; may be given several times")
	flags.StringVar(&name, "name", "", "the name that applications are told")
	flags.StringVar(&email, "email", "", "the email address that applications are told")
	flags.BoolVar(&verified, "email-verified", false, "the address is known to be the person's; a new one is not, unless this says so")
	return cmd
}

// given has to point to value where the flag is on the command line.
func given[T any](flags *pflag.FlagSet, name string, to **T, value *T) {
	if flags.Changed(name) {
		*to = value
	}
}

func newUserPasswd(w *where) *cobra.Command {
	return &cobra.Command{
		Use:   "passwd ID",
		Short: "Change a person's password, read from stdin, and end their sessions",
		Example: `  tollgate user passwd alice
  tollgate user passwd alice < new-password.txt`,
		Args: oneArg("the id"),
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) error {
			password, err := readNewPassword(cmd)
			if err != nil {
				return err
			}
			u, err := ops.SetPassword(cmd.Context(), args[0], password)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "user %s: password changed, sessions ended\n", u.ID)
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
	oneOf(cmd, "format", string(admin.CSV), string(admin.JSONLines))
	return cmd
}
