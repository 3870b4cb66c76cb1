package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// table is the README's figures in Markdown.
func table(results string) (string, error) {
	var b strings.Builder
	b.WriteString("| what | Tollgate | beside it | run |\n| --- | ---: | ---: | --- |\n")
	for _, rows := range []func(*strings.Builder, string) error{modes, gateways, tokens, signatures} {
		if err := rows(&b, results); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// newest is the newest run of a kind: folders are named DATE-KIND.
func newest(results, kind string, summary any) (folder string, err error) {
	runs, err := filepath.Glob(filepath.Join(results, "*-"+kind))
	if err != nil {
		return "", err
	}
	if len(runs) == 0 {
		return "", fmt.Errorf("no run %s: %w", filepath.Join(results, "*-"+kind), fs.ErrNotExist)
	}
	folder = runs[len(runs)-1] // Glob sorts, and so do dates
	data, err := os.ReadFile(filepath.Join(folder, "summary.json"))
	if err != nil {
		return "", err
	}
	return filepath.ToSlash(folder), json.Unmarshal(data, summary)
}

// row is a measured case of the benchmarks, in nanoseconds.
type row struct {
	Name   string
	Min    float64
	Allocs float64
}

func find(rows []row, name string) (row, error) {
	for _, r := range rows {
		if r.Name == name {
			return r, nil
		}
	}
	return row{}, fmt.Errorf("no row %q", name)
}

func micros(ns float64) string { return fmt.Sprintf("%.2g µs", ns/1000) }

// signatures are the rows of the Ed25519 verifier, and that of the AVX2 backend
// from a machine that has no better, where there is such a run.
func signatures(b *strings.Builder, results string) error {
	if err := backends(b, results, "ed25519", func(string) bool { return true }); err != nil {
		return err
	}
	err := backends(b, results, "ed25519-avx2", func(name string) bool { return name == "avx2" })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// backends are the rows of the backends wanted from the newest run of a kind.
func backends(b *strings.Builder, results, kind string, wanted func(name string) bool) error {
	var s struct {
		Processes []struct {
			Backend string
			Rows    []row
		}
	}
	run, err := newest(results, kind, &s)
	if err != nil {
		return err
	}
	for _, p := range s.Processes {
		if !wanted(p.Backend) {
			continue
		}
		std, err := find(p.Rows, "crypto/ed25519")
		if err != nil {
			return err
		}
		for _, c := range []struct{ name, what string }{
			{"tollgate " + p.Backend, "an Ed25519 signature, " + p.Backend},
			{"tollgate " + p.Backend + ", batch of 64", "the same, 64 at a time"},
		} {
			r, err := find(p.Rows, c.name)
			if err != nil {
				return err
			}
			fmt.Fprintf(b, "| %s | %s | crypto/ed25519 %s: %.2g times | [run](%s/report.md) |\n", c.what, micros(r.Min), micros(std.Min), r.Min/std.Min, run)
		}
	}
	return nil
}

// gateways are the rows of the gateway beside a proxy that does nothing else.
func gateways(b *strings.Builder, results string) error {
	type series struct{ Cost, Rate []float64 }
	var s struct {
		Rate int
		Rows []struct {
			Name        string
			Paced, Full series
		}
	}
	run, err := newest(results, "gateway", &s)
	if err != nil {
		return err
	}
	for _, r := range s.Rows {
		what, ours := strings.CutPrefix(r.Name, "tollgate ")
		if what != "jwt" && what != "jwt+cache" || !ours {
			continue
		}
		ref := s.Rows[0]
		fmt.Fprintf(b, "| CPU of the gateway a request at %d/s, %s | %.0f µs | a plain fasthttp proxy %.0f µs | [run](%s/report.md) |\n",
			s.Rate, what, median(r.Paced.Cost), median(ref.Paced.Cost), run)
		fmt.Fprintf(b, "| requests a second at most, %s | %.0f | a plain fasthttp proxy %.0f | [run](%s/report.md) |\n",
			what, median(r.Full.Rate), median(ref.Full.Rate), run)
	}
	return nil
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// tokens are the rows of the engine.
func tokens(b *strings.Builder, results string) error {
	var s struct {
		Groups []struct {
			Alg, Path string
			Rows      []row
		}
	}
	run, err := newest(results, "tokens", &s)
	if err != nil {
		return err
	}
	for _, g := range s.Groups {
		if g.Alg != "EdDSA" || g.Path == "batch" {
			continue
		}
		ours, peers := g.Rows[0], g.Rows[1:]
		if g.Path == "warm" {
			fmt.Fprintf(b, "| a token from the claims cache | %.0f ns | %s %.0f ns | [run](%s/report.md) |\n", ours.Min, peers[0].Name, peers[0].Min, run)
			continue
		}
		best, err := fastest(peers)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "| an EdDSA token, cold | %s | %s %s, the fastest of the peers: %.2g times ours | [run](%s/report.md) |\n",
			micros(ours.Min), best.Name, micros(best.Min), best.Min/ours.Min, run)
	}
	return nil
}

// fastest is the fastest of the libraries: rows that verify no more than a
// signature are not among them.
func fastest(rows []row) (row, error) {
	var best row
	for _, r := range rows {
		if !strings.HasPrefix(r.Name, "signature alone") && (best.Name == "" || r.Min < best.Min) {
			best = r
		}
	}
	if best.Name == "" {
		return best, fmt.Errorf("no peers")
	}
	return best, nil
}

// estimate is a value of the laboratory's with its 95 % interval.
type estimate struct{ Value, Low, High float64 }

func (e estimate) String() string { return fmt.Sprintf("%.0f (%.0f to %.0f)", e.Value, e.Low, e.High) }

// modes are the rows of the laboratory's newest full run, or where there is
// none, of the first comparison, which has no response times.
func modes(b *strings.Builder, results string) error {
	type mode struct {
		Name      string
		Quantiles map[string]*estimate `json:"quantiles_us"` // nil where not to be quoted
		Capacity  estimate
		CPU       map[string]estimate `json:"cpu_us_per_request"`
	}
	var s struct {
		Run struct {
			Plan struct {
				Sweeps []struct {
					Phase string
					Rate  float64
				}
			}
		}
		Modes []mode
	}
	run, err := newest(results, "full", &s)
	if errors.Is(err, fs.ErrNotExist) {
		run, err = newest(results, "first", &s)
	}
	if err != nil {
		return err
	}
	// What is measured at a rate; processor time is, where there is one.
	at := ""
	for _, sw := range s.Run.Plan.Sweeps {
		if sw.Phase == "modes" {
			at = fmt.Sprintf(" at %.0f/s", sw.Rate)
		}
	}
	of := map[string]mode{}
	for _, m := range s.Modes {
		of[m.Name] = m
	}
	for _, pair := range [][2]string{{"jwt", "opaque"}, {"jwt+cache", "opaque+cache"}} {
		ours, other := of[pair[0]], of[pair[1]]
		if ours.Name == "" || other.Name == "" {
			return fmt.Errorf("%s: modes %v are not all there", run, pair)
		}
		for _, q := range []struct{ key, what string }{{"p50", "median response time"}, {"p99", "99th percentile of it"}} {
			if ours, other := ours.Quantiles[q.key], other.Quantiles[q.key]; ours != nil && other != nil {
				fmt.Fprintf(b, "| %s%s, %s | %v µs | %s %v µs | [run](%s/report.md) |\n", q.what, at, pair[0], ours, pair[1], other, run)
			}
		}
		fmt.Fprintf(b, "| requests a second through the gateway, %s | %v | %s %v | [run](%s/report.md) |\n",
			pair[0], ours.Capacity, pair[1], other.Capacity, run)
		fmt.Fprintf(b, "| CPU of the gateway a request%s, %s | %.0f µs | %s %.0f µs | [run](%s/report.md) |\n",
			at, pair[0], ours.CPU["gateway"].Value, pair[1], other.CPU["gateway"].Value, run)
	}
	return nil
}
