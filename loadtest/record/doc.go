// Package record is a run of the laboratory as it lies on disk: raw/meta.json
// says what was run where, and raw/cells.jsonl is a journal with one line for
// each measured interval, appended as it is done. A report is a function of the
// two; a run that was interrupted goes on from what the journal holds.
//
// Histograms are in HdrHistogram's own compressed encoding (base64), so other
// tools read them.
package record
