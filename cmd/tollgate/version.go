package main

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/cpu"

	"github.com/tollgate/tollgate/engine/ecdsa"
	"github.com/tollgate/tollgate/engine/ed25519"
	"github.com/tollgate/tollgate/engine/rsa"
	"github.com/tollgate/tollgate/internal/buildinfo"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say what this binary is and what it makes of this machine",
		Example: "  tollgate version",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			version, built := buildinfo.Read()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "tollgate %s\ncommit   %s\ngo       %s %s/%s\ncpu      %s\ned25519  %s\necdsa    %s\nrsa      %s\n",
				version, built, runtime.Version(), runtime.GOOS, runtime.GOARCH,
				strings.Join(cpuFeatures(), " "), ed25519.Backend(), ecdsa.Backend(), rsa.Backend())
			return err
		},
	}
}

// cpuFeatures names what the verifier could use and this processor has.
func cpuFeatures() []string {
	list := []string{fmt.Sprintf("%d cores", runtime.NumCPU())}
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"avx2", cpu.X86.HasAVX2},
		{"bmi2", cpu.X86.HasBMI2},
		{"adx", cpu.X86.HasADX},
		{"avx512f", cpu.X86.HasAVX512F},
		{"avx512vl", cpu.X86.HasAVX512VL},
		{"avx512ifma", cpu.X86.HasAVX512IFMA},
		{"asimd", cpu.ARM64.HasASIMD},
		{"sha512", cpu.ARM64.HasSHA512},
	} {
		if f.has {
			list = append(list, f.name)
		}
	}
	return list
}
