//go:build !race

package engine_test

// raceDetector changes what is allocated, and makes everything ten times slower.
const raceDetector = false
