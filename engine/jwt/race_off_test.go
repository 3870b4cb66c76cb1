//go:build !race

package jwt

// raceDetector changes what is allocated, and makes everything ten times slower.
const raceDetector = false
