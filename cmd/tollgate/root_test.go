package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command explains itself with an example of its own, perhaps at the end
// of a pipe.
func TestExamples(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" {
			t.Errorf("%s has no description", c.CommandPath())
		}
		if !strings.Contains(c.Example, "  "+c.CommandPath()) && !strings.Contains(c.Example, "| "+c.CommandPath()) {
			t.Errorf("%s has no example of itself: %q", c.CommandPath(), c.Example)
		}
		if c.Args == nil {
			t.Errorf("%s takes any arguments", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "help" && sub.Name() != "completion" { // cobra's own
				walk(sub)
			}
		}
	}
	walk(newRoot())
}
