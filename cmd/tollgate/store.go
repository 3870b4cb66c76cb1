package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/internal/yamlconf"
	"github.com/tollgate/tollgate/introspect"
)

func newStore() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "store",
		Short:   "What the security service keeps: copy",
		Example: "  tollgate store copy --from pebble.yaml --to redis.yaml",
		Args:    unknownCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newStoreCopy())
	return cmd
}

func newStoreCopy() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "copy --from FILE --to FILE",
		Short: "Copy everything to another store, as from Pebble to Redis",
		Long: `Copy accounts, sessions, tokens, revocations and records from the store of one
configuration of the security service to that of another, which has to be empty.
No service may run on either. Nobody is logged out: tokens go on working, and what
is revoked stays revoked. Signing keys are copied unless a configuration has them
from its environment.

Refresh tokens that were used before are not copied: using one again is refused,
and ends no session. Failed logins are counted anew.`,
		Example: "  tollgate store copy --from pebble.yaml --to redis.yaml",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "from", "to"); err != nil {
				return err
			}
			var source, target introspect.Config
			if err := yamlconf.Load(from, &source); err != nil {
				return err
			}
			if err := yamlconf.Load(to, &target); err != nil {
				return err
			}
			done, err := introspect.CopyStore(cmd.Context(), source, target, slog.New(slog.DiscardHandler))
			if err != nil {
				return fmt.Errorf("copying %s to %s: %w", from, to, err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "copied %d users, %d clients, %d revocations, %d sessions, %d opaque tokens, %d records, %d signing keys\n",
				done.Users, done.Clients, done.Revocations, done.Sessions, done.Tokens, done.Records, done.Keys)
			return err
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the configuration of the security service whose store is copied")
	cmd.Flags().StringVar(&to, "to", "", "the configuration with the store that it is copied to")
	return cmd
}
