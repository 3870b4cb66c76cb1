// Package stats says what rounds of measurements allow to be said.
//
// The round is the unit: within one all modes meet the same arrivals and the
// same minute of the machine's life, and requests of one round are not
// independent of each other. Intervals come from drawing whole rounds with
// replacement, the same ones for both sides of a difference (a paired, clustered
// bootstrap), so that what a round does to every mode cancels.
//
// With n rounds the plain percentile interval is too narrow by about
// sqrt((n-1)/n) and ignores that the spread is itself estimated. Intervals here
// take the percentiles at Phi(-t sqrt(n/(n-1))), t being Student's for n-1
// degrees of freedom (Hesterberg's expanded percentile interval): for a mean of
// ten rounds this covers 95 % where the plain one covers 90.
//
// A quantile is of all requests of the rounds drawn, pooled, and is quoted only
// with MinBeyond requests beyond it.
//
// Everything is a function of its arguments and a seed.
package stats
