package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate/tollgate/internal/buildinfo"
)

// run executes one command line and returns the exit code: 0, 1 for what
// failed, 2 for a command line that makes no sense.
func run(args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := known(root, args)
	if err == nil {
		err = root.Execute()
	}
	if err == nil {
		return 0
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(os.Stderr, "tollgate:", line)
	}
	if isUsage(err) {
		return 2
	}
	return 1
}

// known refuses a command that does not exist, before its flags are taken for
// those of root.
func known(root *cobra.Command, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return nil
	}
	if cmd, _, err := root.Find(args); err == nil && cmd == root && args[0] != cobra.ShellCompRequestCmd && args[0] != cobra.ShellCompNoDescRequestCmd {
		return unknownCommand(root, args)
	}
	return nil
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "tollgate",
		Short: "Access tokens at the API gateway: opaque, transparent, phantom",
		Example: `  tollgate dev                 the whole pattern on this machine
  tollgate dev --mode opaque   the same with tokens that say nothing
  tollgate dev --help          what can be set`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newDev(),
		newGateway(),
		newIntrospect(),
		newHash(),
		newCheck(),
		newVerify(),
		newUser(),
		newClient(),
		newSession(),
		newStore(),
		newKeys(),
		newLoadtest(),
		newVersion(),
	)
	root.Version, _ = buildinfo.Read()
	root.SetVersionTemplate("tollgate {{.Version}}\n")
	root.SetHelpCommand(newHelp(root))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

// newHelp is the command help: unlike cobra's own, it fails for a command that
// does not exist.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Say what a command does",
		Example: "  tollgate help user add",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			at, _, err := root.Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []cobra.Completion
			for _, c := range at.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				if cmd == nil {
					cmd = root
				}
				if len(rest) == 0 {
					rest = args
				}
				return unknownCommand(cmd, rest)
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// oneOf completes the value of a flag that has one of a few values.
func oneOf(cmd *cobra.Command, flag string, values ...cobra.Completion) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic("BUG: " + err.Error())
	}
}
