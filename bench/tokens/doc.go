// Command tokens compares what a verified token costs: Tollgate's engine
// beside the JWT libraries of Go that are used most, in one process and one
// run. Every library verifies the same RFC 9068 tokens, checks issuer,
// audience and times, and fills a struct with the claims. It prints one table
// and, with -record, writes it with its raw rounds to a folder.
package main
