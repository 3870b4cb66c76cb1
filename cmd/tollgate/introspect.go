package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/internal/yamlconf"
	"github.com/tollgate/tollgate/introspect"
	"github.com/tollgate/tollgate/introspect/account"
)

func newIntrospect() *cobra.Command {
	var config string
	var logs logFlags
	cmd := &cobra.Command{
		Use:   "introspect --config FILE",
		Short: "Run the security service",
		Long: `Run the security service until SIGINT or SIGTERM, and then finish the requests
under way. Accounts and keys are changed while it runs, with the commands user,
client and keys.

A SIGHUP, or a change of the file, has the configuration read again, which says
whether it is good; what has changed in it takes a restart.`,
		Example: `  tollgate introspect --config introspect.yaml
  tollgate client add gateway --service --config introspect.yaml > gateway.secret`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := required(cmd, "config"); err != nil {
				return err
			}
			log, err := logs.logger(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			var conf introspect.Config
			if err := yamlconf.Load(config, &conf); err != nil {
				return err
			}
			conf = conf.WithDefaults()
			public, err := listen(conf.Listen, "listen in "+config)
			if err != nil {
				return err
			}
			admin, err := listen(conf.Admin, "admin in "+config)
			if err != nil {
				return err
			}
			service, err := introspect.New(conf, log)
			if errors.Is(err, syscall.EAGAIN) {
				return fmt.Errorf("another process has the data folder %s open; stop it, or choose another with data in %s", conf.Data, config)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", config, err)
			}
			defer func() { err = errors.Join(err, service.Close()) }()
			self, err := os.Executable()
			if err != nil {
				return err
			}
			if err := service.HashWith(self, hashCommand); err != nil {
				return err
			}
			ctx, stop := untilStopped(cmd.Context())
			defer stop()
			if err := watch(ctx, config, log, func() error { return unchanged(config, conf) }); err != nil {
				return errors.Join(err, public.Close(), admin.Close())
			}
			warnOfMounts(log, config, conf)
			log.Info("security service serves", "listen", public.Addr().String(), "admin", admin.Addr().String())
			defer log.Info("security service has stopped")
			return service.Serve(ctx, public, admin)
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "the configuration, a YAML file")
	logs.flags(cmd, "info")
	return cmd
}

// hashCommand is the process that hashes passwords for the security service.
const hashCommand = "hash-passwords"

func newHash() *cobra.Command {
	return &cobra.Command{
		Use:     hashCommand,
		Short:   "Hash passwords for the security service, which starts this itself",
		Example: "  tollgate hash-passwords < tasks > results",
		Hidden:  true,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return account.Work(cmd.InOrStdin(), cmd.OutOrStdout()) },
	}
}

// unchanged reports a configuration that is no good, or differs from the one
// that runs.
func unchanged(path string, running introspect.Config) error {
	var now introspect.Config
	if err := yamlconf.Load(path, &now); err != nil {
		return err
	}
	if !reflect.DeepEqual(now.WithDefaults(), running) {
		return errors.New("what has changed takes a restart of the security service")
	}
	return nil
}
