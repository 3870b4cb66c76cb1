package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/gateway"
	"github.com/tollgate/tollgate/gateway/identity"
	"github.com/tollgate/tollgate/internal/yamlconf"
	"github.com/tollgate/tollgate/introspect"
)

func newCheck() *cobra.Command {
	var config, kind, profile, token string
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

With --token, say how the token in a file is decided on: which issuer, which rule,
what was expected and what was there. That reads the issuers' keys.

With --profile, print what a kind of issuer writes into its tokens, in the keys
that issuers of a gateway's configuration have.`,
		Example: `  tollgate check --config gateway.yaml
  tollgate check --config gateway.yaml --explain "GET /orders/1" --explain "GET https://shop.example/orders"
  tollgate check --config gateway.yaml --token token.txt --explain "GET /orders/1"
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
				if token != "" {
					return usagef("--token is about gateways")
				}
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
			if token != "" {
				return checkedToken(cmd, conf, token, requests)
			}
			return checked(cmd, config, conf, requests)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&config, "config", "", "the configuration, a YAML file")
	flags.StringVar(&kind, "kind", "", "gateway or introspect (default told from the keys)")
	oneOf(cmd, "kind", kindGateway, kindIntrospect)
	flags.StringVar(&token, "token", "", "say how the token in a file (- for stdin) is decided on and why; reads the issuers' keys")
	flags.StringVar(&profile, "profile", "", "print the profile of a kind of issuer: "+strings.Join(identity.Profiles(), ", "))
	oneOf(cmd, "profile", identity.Profiles()...)
	flags.StringArrayVar(&requests, "explain", nil, `say what becomes of a request, "METHOD /path"; may be given several times`)
	return cmd
}

// checkedToken tells how a token is decided on, alone and on the requests.
func checkedToken(cmd *cobra.Command, conf gateway.Config, path string, requests []string) error {
	var token []byte
	var err error
	if path == "-" {
		token, err = io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<20))
	} else {
		token, err = os.ReadFile(path)
	}
	if err != nil {
		return fmt.Errorf("reading --token: %w", err)
	}
	if len(requests) == 0 {
		requests = []string{""}
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), 15*time.Second)
	defer cancel()
	for _, r := range requests {
		method, target, ok := strings.Cut(r, " ")
		if r != "" && (!ok || method == "" || !strings.HasPrefix(target, "/") && !strings.Contains(target, "://")) {
			return usagef("--explain takes a method and a path, such as \"GET /orders/1\", not %q", r)
		}
		text, err := conf.ExplainToken(ctx, token, method, target)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), text); err != nil {
			return err
		}
	}
	return nil
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
