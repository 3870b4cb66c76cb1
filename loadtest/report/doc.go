// Package report says what a recorded run means. Build makes a Summary out of
// the journal: estimates with intervals, figures, what is void, and the sentence
// that answers the question. The rest shows it: summary.json itself, one HTML
// file that needs nothing else, Markdown with SVG.
//
// Times in a Summary are microseconds, rates a second. An Estimate is absent
// where the rules of package stats do not let it be quoted.
package report
