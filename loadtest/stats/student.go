package stats

import "math"

// normalCDF is the standard normal distribution function.
func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// studentQuantile returns the t with P(T > t) = tail for n degrees of freedom,
// 0 < tail < 1/2, by bisecting the integral of the density.
func studentQuantile(tail float64, n int) float64 {
	lo, hi := 0.0, 1.0
	for studentTail(hi, n) > tail {
		lo, hi = hi, 2*hi
	}
	for hi-lo > 1e-9*hi {
		mid := (lo + hi) / 2
		if studentTail(mid, n) > tail {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// studentTail is P(T > t). With t = sqrt(n) tan(u) the density becomes
// c cos(u)^(n-1) over a finite range, which Simpson's rule takes well.
func studentTail(t float64, n int) float64 {
	a, _ := math.Lgamma(float64(n+1) / 2)
	b, _ := math.Lgamma(float64(n) / 2)
	c := math.Exp(a-b) / math.Sqrt(math.Pi)
	f := func(u float64) float64 { return c * math.Pow(math.Cos(u), float64(n-1)) }
	from := math.Atan(t / math.Sqrt(float64(n)))
	const steps = 400
	h := (math.Pi/2 - from) / steps
	sum := f(from) + f(math.Pi/2)
	for i := 1; i < steps; i++ {
		sum += f(from+float64(i)*h) * float64(2+2*(i%2))
	}
	return sum * h / 3
}
