package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/introspect/admin"
)

func newClient() *cobra.Command {
	w := new(where)
	cmd := &cobra.Command{
		Use:   "client",
		Short: "Programs that call with credentials of their own: add, list, disable, secret",
		Example: `  tollgate client add reporting --role auditor
  tollgate client add gateway --service
  tollgate client list`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	w.flags(cmd)
	cmd.AddCommand(newClientAdd(w), newClientList(w), newClientDisable(w), newClientSecret(w))
	return cmd
}

func newClientAdd(w *where) *cobra.Command {
	var n admin.NewClient
	var given bool
	cmd := &cobra.Command{
		Use:   "add ID",
		Short: "Add a client and print its secret, once",
		Long: `Add a client and print its secret alone on a line of stdout. It is kept as a
digest, so this is the only time it can be seen.`,
		Example: `  tollgate client add reporting --role auditor
  tollgate client add gateway --service > gateway.secret
  tollgate client add legacy --secret-stdin < secret.txt
  tollgate client add shop --redirect-uri https://shop.example/callback --public --first-party`,
		Args: oneArg("the id"),
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) (err error) {
			n.ID = args[0]
			if given {
				if n.Secret, err = readSecret(cmd, "secret"); err != nil {
					return err
				}
			}
			c, secret, err := ops.AddClient(cmd.Context(), n)
			if err != nil {
				return err
			}
			if c.Public {
				fmt.Fprintf(cmd.ErrOrStderr(), "client %s: public, so it has no secret; codes go to %s\n", c.ID, words(c.RedirectURIs))
				return nil
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "client %s: roles %s, scopes %s, audiences %s%s\n",
				c.ID, words(c.Roles), words(c.Scopes), words(c.Audiences), map[bool]string{true: ", service"}[c.Service])
			if given {
				return nil
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), secret)
			return err
		}),
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&n.Roles, "role", nil, "a role; may be given several times")
	flags.StringSliceVar(&n.Scopes, "scope", nil, "a scope; may be given several times")
	flags.StringSliceVar(&n.Audiences, "audience", nil, "the aud of its tokens; may be given several times (default the service's)")
	flags.BoolVar(&n.Service, "service", false, "may introspect, follow revocations, vouch for a user's address, and end sessions: for gateways")
	flags.StringSliceVar(&n.RedirectURIs, "redirect-uri", nil, "makes it an application that logs people in: where codes go; may be given several times")
	flags.StringSliceVar(&n.PostLogoutURIs, "post-logout-uri", nil, "where people may be sent after a logout; may be given several times")
	flags.StringVar(&n.Name, "name", "", "what people know the application by (default its id)")
	flags.BoolVar(&n.Public, "public", false, "has no secret: an application in a browser, on a phone or a desk")
	flags.BoolVar(&n.RequirePAR, "require-par", false, "its authorization requests have to be pushed (RFC 9126)")
	flags.BoolVar(&n.FirstParty, "first-party", false, "people are not asked whether it may have what it asks for")
	flags.BoolVar(&n.Replace, "replace", false, "change a client that is there; its old secret and tokens end")
	flags.BoolVar(&given, "secret-stdin", false, "take the secret from stdin instead of making one")
	return cmd
}

func newClientList(w *where) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the clients",
		Example: `  tollgate client list
  tollgate client list --json`,
		Args: noArgs,
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, _ []string) error {
			list, err := ops.Clients(cmd.Context())
			if err != nil {
				return err
			}
			return table(cmd, list, asJSON, "ID\tROLES\tSCOPES\tAUDIENCES\tSERVICE\tCREATED\tDISABLED", func(c admin.Client) string {
				return strings.Join([]string{c.ID, words(c.Roles), words(c.Scopes), words(c.Audiences), yes(c.Service, "service"), when(c.Created), yes(c.Disabled, "disabled")}, "\t")
			})
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func newClientDisable(w *where) *cobra.Command {
	return &cobra.Command{
		Use:     "disable ID",
		Short:   "Bar a client and revoke all tokens it has",
		Example: "  tollgate client disable reporting",
		Args:    oneArg("the id"),
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) error {
			c, err := ops.DisableClient(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "client %s: disabled, all tokens revoked\n", c.ID)
			return err
		}),
	}
}
