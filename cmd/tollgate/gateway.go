package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/gateway"
	"github.com/tollgate/tollgate/internal/yamlconf"
)

func newGateway() *cobra.Command {
	var config, mode string
	var logs logFlags
	cmd := &cobra.Command{
		Use:   "gateway --config FILE",
		Short: "Run the gateway",
		Long: `Run the gateway until SIGINT or SIGTERM, and then finish the requests under way.

A SIGHUP, or a change of the file, has the configuration read again; one that is
not good is refused, and the old one stays.`,
		Example: `  tollgate gateway --config gateway.yaml
  tollgate gateway --config gateway.yaml --mode opaque`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "config"); err != nil {
				return err
			}
			log, err := logs.logger(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			load := func() (gateway.Config, error) { return loadGateway(config, mode) }
			conf, err := load()
			if err != nil {
				return err
			}
			warnings, err := yamlconf.Warnings(config, new(gateway.Config))
			if err != nil {
				return err
			}
			for _, w := range warnings {
				log.Warn("configuration", "file", w.File, "line", w.Line, "warning", w.Message)
			}
			g, err := gateway.New(conf, log)
			if err != nil {
				return fmt.Errorf("%s: %w", config, err)
			}
			public, err := listen(conf.Listen, "listen in "+config)
			if err != nil {
				return err
			}
			admin, err := listen(conf.Admin, "admin in "+config)
			if err != nil {
				return err
			}
			ctx, stop := untilStopped(cmd.Context())
			defer stop()
			reload := func() error {
				conf, err := load()
				if err != nil {
					return err
				}
				return g.Reload(conf)
			}
			if err := watch(ctx, config, log, reload); err != nil {
				return err
			}
			warnOfMounts(log, config, conf)
			log.Info("gateway serves", "mode", conf.Mode, "listen", public.Addr().String(), "admin", admin.Addr().String())
			defer log.Info("gateway has stopped")
			return g.Serve(ctx, public, admin)
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "the configuration, a YAML file")
	cmd.Flags().StringVar(&mode, "mode", "", "jwt, opaque or phantom, instead of what the configuration says")
	oneOf(cmd, "mode", gateway.ModeJWT, gateway.ModeOpaque, gateway.ModePhantom)
	logs.flags(cmd, "info")
	return cmd
}

// loadGateway reads a gateway's configuration, as all commands do.
func loadGateway(path, mode string) (gateway.Config, error) {
	var conf gateway.Config
	if err := yamlconf.Load(path, &conf); err != nil {
		return conf, err
	}
	if mode != "" {
		conf.Mode = mode
		if err := conf.Check(); err != nil {
			return conf, usagef("--mode %s: %v", mode, err)
		}
	}
	return conf.WithDefaults(), nil
}
