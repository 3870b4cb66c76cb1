package report

import "github.com/tollgate/tollgate/loadtest/record"

// The laws. Each is given what was measured along the axis and returns what it
// predicts there, NaN where it was fitted.

// queue is the mean response of an M/G/1 queue by the formula of Pollaczek and
// Khinchine: L + (1+v)/2 · s · rho/(1-rho), where s = 1/capacity, rho is the
// offered rate over the capacity, v the squared coefficient of variation of the
// service. L is what makes it exact at the first point. Times in µs.
func queue(values, rates []float64, capacity, variation float64) []float64 {
	wait := func(i int) float64 {
		rho := rates[i] / capacity
		if !(rho < 1) {
			return nan
		}
		return (1 + variation) / 2 * (1e6 / capacity) * rho / (1 - rho)
	}
	out := make([]float64, len(values))
	alone := values[0] - wait(0)
	for i := range out {
		out[i] = alone + wait(i)
	}
	out[0] = nan
	return out
}

// farther adds one round trip where every request makes a call, and nothing elsewhere.
func farther(mode string, values []float64, distance func(int) float64) []float64 {
	out := make([]float64, len(values))
	for i := range out {
		out[i] = values[0]
		if mode == record.ModeOpaque {
			out[i] += distance(i) - distance(0)
		}
	}
	out[0] = nan
	return out
}

// mixture is linear in the share of hits between the first and the last point.
func mixture(values []float64, share func(int) float64) []float64 {
	last := len(values) - 1
	slope := (values[last] - values[0]) / (share(last) - share(0))
	out := make([]float64, len(values))
	for i := range out {
		out[i] = values[0] + slope*(share(i)-share(0))
	}
	out[0], out[last] = nan, nan
	return out
}

// straight is the line through the first two points.
func straight(xs, values []float64) []float64 {
	out := make([]float64, len(values))
	if len(values) < 3 {
		for i := range out {
			out[i] = nan
		}
		return out
	}
	slope := (values[1] - values[0]) / (xs[1] - xs[0])
	for i := range out {
		out[i] = values[0] + slope*(xs[i]-xs[0])
	}
	out[0], out[1] = nan, nan
	return out
}
