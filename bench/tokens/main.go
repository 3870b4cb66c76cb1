package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/tollgate/tollgate/bench/interleave"
	"github.com/tollgate/tollgate/bench/machine"
	"github.com/tollgate/tollgate/engine"
	ours "github.com/tollgate/tollgate/engine/ed25519"
)

var algorithms = []string{"EdDSA", "ES256", "RS256"}

// How many distinct tokens a case goes through, so that none is predicted,
// and how many make a batch.
const (
	distinct  = 256
	batchSize = 64
)

func main() {
	o := interleave.Options{Progress: progress}
	dir := flag.String("record", "", "also write report.md, summary.json and raw rounds into this `folder`")
	flag.IntVar(&o.Rounds, "rounds", 40, "rounds; each runs every row once")
	flag.DurationVar(&o.Slice, "slice", 10*time.Millisecond, "how long a row runs in a round")
	flag.Uint64Var(&o.Seed, "seed", 1, "seed of the order of rows in a round")
	flag.Parse()
	if err := run(*dir, o); err != nil {
		fmt.Fprintln(os.Stderr, "tokens:", err)
		os.Exit(1)
	}
}

func run(dir string, o interleave.Options) error {
	// A heap as large as a service's that keeps claims: with next to none the collector
	// runs at every 4 MiB allocated, for every row.
	heap := make([]byte, engine.DefaultCacheBytes)
	defer runtime.KeepAlive(heap)
	m := machine.Describe()
	fmt.Println(m.Markdown())
	var groups []group
	measure := func(alg, path string, cases []interleave.Case) {
		fmt.Fprintf(os.Stderr, "%s %s\n", alg, path)
		groups = append(groups, group{Alg: alg, Path: path, Rows: interleave.Measure(cases, o)})
	}
	for _, alg := range algorithms {
		i, err := newIssuer(alg)
		if err != nil {
			return err
		}
		tokens, err := i.mint(distinct, time.Hour)
		if err != nil {
			return err
		}
		cases, err := coldCases(i, tokens)
		if err != nil {
			return err
		}
		measure(alg, "cold", cases)
		if alg == "EdDSA" { // the cache does not depend on the algorithm
			if cases, err = warmCases(i, tokens); err != nil {
				return err
			}
			measure(alg, "warm", cases)
		}
		if alg == "RS256" {
			continue // has no batch
		}
		if cases, err = batchCases(i, tokens); err != nil {
			return err
		}
		measure(alg, "batch", cases)
	}
	fmt.Println()
	writeTable(os.Stdout, groups)
	if dir == "" {
		return nil
	}
	return record(dir, groups, m, o)
}

func progress(done, total int) {
	if done%10 == 0 || done == total {
		fmt.Fprintf(os.Stderr, "  round %d of %d\n", done, total)
	}
}

func coldCases(i *issuer, tokens []token) ([]interleave.Case, error) {
	var cases []interleave.Case
	for _, p := range append([]peer{{"tollgate", newTollgate}}, peers...) {
		v, err := p.make(i)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		cases = append(cases, each(p.name, v, tokens))
	}
	if key, ok := i.public.(ed25519.PublicKey); ok {
		signature, err := signatureOnly(key, tokens)
		if err != nil {
			return nil, err
		}
		cases = append(cases, signature...)
	}
	return cases, nil
}

// signatureOnly is the floor: no token is cheaper than its signature.
func signatureOnly(key ed25519.PublicKey, tokens []token) ([]interleave.Case, error) {
	mine, err := ours.NewPublicKey(key)
	if err != nil {
		return nil, err
	}
	messages, sigs := make([][]byte, len(tokens)), make([][]byte, len(tokens))
	for k, t := range tokens {
		dot := strings.LastIndexByte(t.text, '.')
		messages[k] = t.bytes[:dot]
		if sigs[k], err = base64.RawURLEncoding.DecodeString(t.text[dot+1:]); err != nil {
			return nil, err
		}
	}
	check := func(verify func(k int) bool) func(n int) {
		return func(n int) {
			for r := range n {
				if !verify(r % len(tokens)) {
					panic("BUG: a good signature was refused")
				}
			}
		}
	}
	return []interleave.Case{
		{Name: "signature alone, tollgate", Run: check(func(k int) bool { return mine.Verify(messages[k], sigs[k]) })},
		{Name: "signature alone, crypto/ed25519", Run: check(func(k int) bool { return ed25519.Verify(key, messages[k], sigs[k]) })},
	}, nil
}

func warmCases(i *issuer, tokens []token) ([]interleave.Case, error) {
	var cases []interleave.Case
	for _, c := range []struct {
		name string
		make func(*issuer, []token) (verifier, error)
	}{
		{"tollgate, claims cache", warmTollgate},
		{"sync.Map and exp", warmSyncMap},
		{"otter v2 and exp", warmOtter},
	} {
		v, err := c.make(i, tokens)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		cases = append(cases, each(c.name, v, tokens))
	}
	return cases, nil
}

func batchCases(i *issuer, tokens []token) ([]interleave.Case, error) {
	batch, err := newTollgateBatch(i)
	if err != nil {
		return nil, err
	}
	single, err := newTollgate(i)
	if err != nil {
		return nil, err
	}
	list := make([][]byte, batchSize)
	for k := range list {
		list[k] = tokens[k].bytes
	}
	run := func(n int) { // n tokens, in whole batches
		for done := 0; done < n; done += batchSize {
			if err := batch(list[:min(batchSize, n-done)]); err != nil {
				panic("BUG: " + err.Error())
			}
		}
	}
	return []interleave.Case{{Name: fmt.Sprintf("tollgate, %d at a time", batchSize), Run: run}, each("tollgate, one at a time", single, tokens)}, nil
}

func each(name string, v verifier, tokens []token) interleave.Case {
	return interleave.Case{Name: name, Run: func(n int) {
		for r := range n {
			if err := v(tokens[r%len(tokens)]); err != nil {
				panic("BUG: " + name + ": " + err.Error())
			}
		}
	}}
}
