package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/ed25519"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/gateway/identity"
)

type verifyFlags struct {
	jwks, issuer, audience, typ, profile string
	at                                   int64
}

func newVerify() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify --jwks FILE|URL",
		Short: "Verify tokens from stdin, one a line",
		Long: `Verify tokens from stdin, one a line, and answer each with a line of JSON:

  {"valid":true,"claims":{…}}
  {"valid":false,"error":"CODE","detail":"what was expected and what was there"}

CODE is one of ` + strings.Join(engine.Codes(), ", ") + `.
The exit code is 0 when every line was answered, whatever the answers.`,
		Example: `  tollgate verify --jwks keys.json --issuer https://issuer.example < tokens.txt
  tollgate verify --jwks https://issuer.example/.well-known/jwks.json --audience orders < tokens.txt
  tollgate verify --jwks https://idp.example/realms/shop/protocol/openid-connect/certs --profile keycloak < tokens.txt
  tollgate verify --jwks keys.json --at 1700000000 < tokens.txt > verdicts.jsonl`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "jwks"); err != nil {
				return err
			}
			if !cmd.Flags().Changed("at") {
				f.at = time.Now().Unix()
			}
			e, err := f.engine(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer e.Close()
			return verifyStream(cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), e)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.jwks, "jwks", "", "the issuer's JWK set, a file or a URL")
	flags.StringVar(&f.issuer, "issuer", "", "the iss to expect (default any)")
	flags.StringVar(&f.audience, "audience", "", "the aud to expect (default any)")
	flags.StringVar(&f.typ, "typ", "", `the typ to expect; "none" for tokens without one (default what the profile says: at+jwt)`)
	flags.StringVar(&f.profile, "profile", "", "the kind of issuer: "+strings.Join(identity.Profiles(), ", ")+" (default rfc9068, without skew)")
	flags.Int64Var(&f.at, "at", 0, "the time to verify at, in Unix seconds (default now)")
	return cmd
}

// engine returns a verifier of fixed keys at a fixed time. Keys that the set
// holds and that cannot be used are told on stderr.
func (f *verifyFlags) engine(ctx context.Context, stderr io.Writer) (*engine.Engine, error) {
	source := keyset.File(f.jwks)
	if strings.HasPrefix(f.jwks, "http://") || strings.HasPrefix(f.jwks, "https://") {
		source = keyset.HTTP(f.jwks, nil)
	}
	doc, err := source.Fetch(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("reading the key set of --jwks: %w", err)
	}
	issuer, uses, err := f.rules()
	if err != nil {
		return nil, err
	}
	keys, refused, err := keyset.Parse(doc.Body, uses...)
	if err != nil {
		return nil, fmt.Errorf("reading the key set of --jwks: %w", err)
	}
	for _, r := range refused {
		if !r.Harmless() {
			fmt.Fprintln(stderr, "tollgate: a key is not used:", r)
		}
	}
	if keys.Len() == 0 {
		return nil, errors.New("the key set of --jwks holds no usable key")
	}
	at := time.Unix(f.at, 0)
	issuer.Keys = keyset.Fixed(keys)
	return engine.New(engine.Config{
		Issuers:    []engine.Issuer{issuer},
		MaxToken:   jwt.MaxSize,
		CacheBytes: -1, // who verifies a list has every token once
		Now:        func() time.Time { return at },
	})
}

// rules are what tokens are verified by, the keys aside, and the values of use
// that mean a signature key.
func (f *verifyFlags) rules() (engine.Issuer, []string, error) {
	issuer := engine.Issuer{Name: f.issuer}
	var uses []string
	if f.profile != "" {
		conf, err := identity.Template(f.profile, f.issuer)
		if err != nil {
			return issuer, nil, usagef("--profile: %v", err)
		}
		issuer, uses = conf.Rules(nil), conf.Uses()
	}
	if f.typ != "" {
		issuer.Types = []string{f.typ}
	}
	if f.audience != "" {
		issuer.Audiences = []string{f.audience}
	}
	return issuer, uses, nil
}

// verifyStream answers every line of in with a line on out, and tells how fast
// that went on stderr.
func verifyStream(in io.Reader, out, stderr io.Writer, e *engine.Engine) error {
	bar := progress(in, stderr)
	began := time.Now()
	tally, err := verifyLines(in, out, e, bar)
	took := time.Since(began)
	if bar != nil {
		_ = bar.Finish() // it is only drawn
		fmt.Fprintln(stderr)
	}
	if err != nil {
		return err
	}
	rate := float64(tally.tokens) / took.Seconds()
	_, err = fmt.Fprintf(stderr, "%d tokens, %d valid, in %.3f s: %.0f a second (%d cores, %s)\n",
		tally.tokens, tally.valid, took.Seconds(), rate, runtime.GOMAXPROCS(0), ed25519.Backend())
	return err
}

// progress returns a bar where somebody watches a file being verified, else
// nil. It counts bytes, for how many lines there are is not known before.
func progress(in io.Reader, stderr io.Writer) *progressbar.ProgressBar {
	screen, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(screen.Fd())) {
		return nil
	}
	size := int64(-1)
	if f, ok := in.(*os.File); ok {
		if term.IsTerminal(int(f.Fd())) {
			return nil
		}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
	}
	return progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(stderr),
		progressbar.OptionSetDescription("verifying"),
		progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetWidth(30),
		progressbar.OptionClearOnFinish(),
	)
}
