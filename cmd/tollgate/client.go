package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/introspect/admin"
)

func newClient() *cobra.Command {
	w := new(where)
	cmd := &cobra.Command{
		Use:   "client",
		Short: "Programs that call with credentials of their own: add, set, list, disable, enable, secret",
		Example: `  tollgate client add reporting --role auditor
  tollgate client add gateway --service
  tollgate client list`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	w.flags(cmd)
	cmd.AddCommand(newClientAdd(w), newClientList(w), newClientSet(w),
		newClientChange(w, "disable", "Bar a client and revoke all tokens it has", "disabled, all tokens revoked", admin.Admin.DisableClient),
		newClientChange(w, "enable", "Let a disabled client authenticate again", "enabled", admin.Admin.EnableClient), newClientSecret(w))
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
	flags.StringVar(&n.TokenFormat, "token-format", "", "its access tokens: jwt or opaque (default the service's)")
	flags.StringVar(&n.TokenAlg, "token-alg", "", "signs its JWT access tokens, for verifiers that know no EdDSA: RS256 or ES256 (default EdDSA)")
	flags.StringVar(&n.IDTokenAlg, "id-token-alg", "", "signs its ID tokens: EdDSA, ES256 or RS256 (default RS256)")
	flags.BoolVar(&n.Replace, "replace", false, "change a client that is there; its old secret and tokens end")
	flags.BoolVar(&given, "secret-stdin", false, "take the secret from stdin instead of making one")
	return cmd
}

func newClientSet(w *where) *cobra.Command {
	var roles, scopes, audiences, redirects, logouts []string
	var name, tokenFormat, tokenAlg, idTokenAlg string
	var service, firstParty, par bool
	cmd := &cobra.Command{
		Use:   "set ID",
		Short: "Change what a client may, and leave its secrets",
		Long: `Change what is given of a client and leave the rest, its secrets too. --role and
the like name all that the client has afterwards; --role "" takes all away. Where
a right is taken away the client's tokens are revoked.`,
		Example: `  tollgate client set reporting --role auditor --scope export
  tollgate client set gateway --service=false`,
		Args: oneArg("the id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags := cmd.Flags()
			c := admin.ClientChange{ID: args[0]}
			given(flags, "role", &c.Roles, &roles)
			given(flags, "scope", &c.Scopes, &scopes)
			given(flags, "audience", &c.Audiences, &audiences)
			given(flags, "redirect-uri", &c.RedirectURIs, &redirects)
			given(flags, "post-logout-uri", &c.PostLogoutURIs, &logouts)
			given(flags, "name", &c.Name, &name)
			given(flags, "token-format", &c.TokenFormat, &tokenFormat)
			given(flags, "token-alg", &c.TokenAlg, &tokenAlg)
			given(flags, "id-token-alg", &c.IDTokenAlg, &idTokenAlg)
			given(flags, "service", &c.Service, &service)
			given(flags, "first-party", &c.FirstParty, &firstParty)
			given(flags, "require-par", &c.RequirePAR, &par)
			if c == (admin.ClientChange{ID: c.ID}) {
				return usagef("%s changes what its flags name, and none is given; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			return w.operation(func(cmd *cobra.Command, ops admin.Admin, _ []string) error {
				c, err := ops.SetClient(cmd.Context(), c)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "client %s: roles %s, scopes %s, audiences %s%s\n",
					c.ID, words(c.Roles), words(c.Scopes), words(c.Audiences), map[bool]string{true: ", service"}[c.Service])
				return err
			})(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&roles, "role", nil, "a role; may be given several times")
	flags.StringSliceVar(&scopes, "scope", nil, "a scope; may be given several times")
	flags.StringSliceVar(&audiences, "audience", nil, "the aud of its tokens; may be given several times")
	flags.StringSliceVar(&redirects, "redirect-uri", nil, "where codes go; may be given several times")
	flags.StringSliceVar(&logouts, "post-logout-uri", nil, "where people may be sent after a logout; may be given several times")
	flags.StringVar(&name, "name", "", "what people know the application by")
	flags.StringVar(&tokenFormat, "token-format", "", "its access tokens: jwt or opaque; empty: the service's")
	flags.StringVar(&tokenAlg, "token-alg", "", "signs its JWT access tokens: EdDSA, RS256 or ES256; empty: EdDSA")
	flags.StringVar(&idTokenAlg, "id-token-alg", "", "signs its ID tokens: EdDSA, ES256 or RS256; empty: RS256")
	flags.BoolVar(&service, "service", false, "may introspect, follow revocations, vouch for a user's address, and end sessions: for gateways")
	flags.BoolVar(&firstParty, "first-party", false, "people are not asked whether it may have what it asks for")
	flags.BoolVar(&par, "require-par", false, "its authorization requests are pushed (RFC 9126)")
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

// newClientChange is a command that does one thing to a client; done says what.
func newClientChange(w *where, name, short, done string, do func(admin.Admin, context.Context, string) (admin.Client, error)) *cobra.Command {
	return &cobra.Command{
		Use:     name + " ID",
		Short:   short,
		Example: "  tollgate client " + name + " reporting",
		Args:    oneArg("the id"),
		RunE: w.operation(func(cmd *cobra.Command, ops admin.Admin, args []string) error {
			c, err := do(ops, cmd.Context(), args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "client %s: %s\n", c.ID, done)
			return err
		}),
	}
}
