package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/gateway"
	"github.com/tollgate/tollgate/gateway/identity"
	"github.com/tollgate/tollgate/internal/yamlconf"
	"github.com/tollgate/tollgate/introspect"
)

func newCheck() *cobra.Command {
	var config, kind, profile string
	var requests []string
	cmd := &cobra.Command{
		Use:   "check --config FILE",
		Short: "Read a configuration as the service would, and start nothing",
		Long: `Read a configuration as the service would: every mistake is told with its file
and line, an unknown key with the nearest known one. What can be and is hardly
meant is a warning: a path whose other spellings are open to everybody, a short or
readable secret, http to another machine, a file that cannot be read here.

Whether it is a gateway's or a security service's is told from its keys. With
--explain, a gateway's configuration is asked what becomes of a request.

With --profile, print what a kind of issuer writes into its tokens, in the keys
that issuers of a gateway's configuration have.`,
		Example: `  tollgate check --config gateway.yaml
  tollgate check --config gateway.yaml --explain "GET /orders/1" --explain "GET https://shop.example/orders"
  tollgate check --profile keycloak`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if profile != "" {
				text, err := identity.Describe(profile)
				if err != nil {
					return usagef("--profile: %v", err)
				}
				_, err = fmt.Fprint(cmd.OutOrStdout(), text)
				return err
			}
			if err := required(cmd, "config"); err != nil {
				return err
			}
			is, err := kindOf(config, kind)
			if err != nil {
				return err
			}
			if is == kindIntrospect {
				if len(requests) > 0 {
					return usagef("--explain is about routes, which a security service has none of")
				}
				if err := yamlconf.Load(config, new(introspect.Config)); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: a good configuration of a security service\n", config)
				return err
			}
			conf, err := loadGateway(config, "")
			if err != nil {
				return err
			}
			warnings, err := yamlconf.Warnings(config, new(gateway.Config))
			if err != nil {
				return err
			}
			for _, w := range warnings {
				w.Message = "warning: " + w.Message
				fmt.Fprintln(cmd.ErrOrStderr(), w)
			}
			return checked(cmd, config, conf, requests)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&config, "config", "", "the configuration, a YAML file")
	flags.StringVar(&kind, "kind", "", "gateway or introspect (default told from the keys)")
	oneOf(cmd, "kind", kindGateway, kindIntrospect)
	flags.StringVar(&profile, "profile", "", "print the profile of a kind of issuer: "+strings.Join(identity.Profiles(), ", "))
	oneOf(cmd, "profile", identity.Profiles()...)
	flags.StringArrayVar(&requests, "explain", nil, `say what becomes of a request, "METHOD /path"; may be given several times`)
	return cmd
}

// checked tells what a good gateway configuration does with the requests.
func checked(cmd *cobra.Command, config string, conf gateway.Config, requests []string) error {
	if len(requests) == 0 {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: a good configuration of a gateway, mode %s, %d routes\n", config, conf.Mode, len(conf.Routes))
		return err
	}
	for _, r := range requests {
		method, target, ok := strings.Cut(r, " ")
		if !ok || method == "" || !strings.HasPrefix(target, "/") && !strings.Contains(target, "://") {
			return usagef("--explain takes a method and a path, such as \"GET /orders/1\", not %q", r)
		}
		text, err := conf.Explain(method, target)
		if err != nil {
			text = err.Error() // that too is what becomes of the request
		}
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), text); err != nil {
			return err
		}
	}
	return nil
}

const (
	kindGateway    = "gateway"
	kindIntrospect = "introspect"
)

// kindOf tells whose configuration a file is: by whose keys it uses more of,
// and where that is undecided, by who can read it.
func kindOf(path, said string) (string, error) {
	switch said {
	case kindGateway, kindIntrospect:
		return said, nil
	case "":
	default:
		return "", usagef("--kind has to be gateway or introspect, not %q", said)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	gateways, introspects := yamlconf.Known(data, new(gateway.Config)), yamlconf.Known(data, new(introspect.Config))
	if introspects > gateways || introspects == gateways && yamlconf.Parse(path, data, new(introspect.Config)) == nil {
		return kindIntrospect, nil
	}
	return kindGateway, nil
}
