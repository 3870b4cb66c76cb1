package report

import (
	"fmt"
	"strings"
	"time"
)

// Markdown shows the summary as a page whose figures are the SVG files beside it.
func (s *Summary) Markdown() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# What each kind of token costs: %s, %s\n", s.Meta.Plan.Name, s.Meta.Started.Format(time.DateOnly))
	p("%s\n", s.Answer)
	for _, f := range s.Findings {
		p("- %s", f)
	}
	for _, t := range s.tables() {
		p("\n## %s\n\n%s\n", t.Title, t.Text)
		p("| %s |", strings.Join(t.Head, " | "))
		p("|%s", strings.Repeat(" --- |", len(t.Head)))
		for _, row := range t.Rows {
			p("| %s |", strings.Join(row, " | "))
		}
	}
	for _, f := range s.Figures {
		p("\n## %s\n\n![%s](%s.svg)\n\n%s", f.Title, f.Title, f.ID, f.Caption)
	}
	p("\n## Can you trust this?\n")
	for _, line := range s.trustLines() {
		p("- %s: %s", line[0], line[1])
	}
	p("\n### Void\n")
	if len(s.Void) == 0 {
		p("No measured interval was void.")
	}
	for _, v := range s.Void {
		p("- %s: %s", v.Key, strings.Join(v.Why, "; "))
	}
	return b.String()
}
