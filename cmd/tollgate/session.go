package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/introspect/admin"
)

func newSession() *cobra.Command {
	w := new(where)
	cmd := &cobra.Command{
		Use:   "session",
		Short: "Logins that go on: list, revoke",
		Example: `  tollgate session list --user alice
  tollgate session revoke SID
  tollgate session revoke --user alice`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	w.flags(cmd)
	cmd.AddCommand(newSessionList(w), newSessionRevoke(w))
	return cmd
}

func newSessionList(w *where) *cobra.Command {
	var user string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the sessions of a person, or all",
		Long: `List the sessions of a person, or all, the newest first. It reads the whole store,
which takes a second or two for a million sessions.`,
		Example: `  tollgate session list --user alice
  tollgate session list --json`,
		Args: noArgs,
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, _ []string) error {
			list, err := ops.Sessions(cmd.Context(), user)
			if err != nil {
				return err
			}
			return table(cmd, list, asJSON, "SID\tUSER\tCLIENT\tBROWSER\tSTARTED\tEXPIRES", func(s admin.Session) string {
				return strings.Join([]string{s.ID, s.User, cmp.Or(s.Client, "-"), cmp.Or(s.Browser, "-"), when(s.Started), when(s.Expires)}, "\t")
			})
		}),
	}
	cmd.Flags().StringVar(&user, "user", "", "whose sessions (default everybody's)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func newSessionRevoke(w *where) *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:   "revoke SID",
		Short: "End a session, or all of a person, and revoke the tokens",
		Example: `  tollgate session revoke SID
  tollgate session revoke --user alice`,
		Args: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (user != "") || len(args) > 1 {
				return usagef("%s takes one session id, or --user; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) error {
			if user != "" {
				had, err := ops.RevokeSessions(cmd.Context(), user)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "user %s: %d sessions ended, all tokens revoked\n", user, len(had))
				return err
			}
			s, err := ops.RevokeSession(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "session %s: ended, of user %s\n", s.ID, s.User)
			return err
		}),
	}
	cmd.Flags().StringVar(&user, "user", "", "end all sessions of this person")
	return cmd
}
