package jwt

import (
	"bytes"

	"github.com/tollgate/tollgate/engine/claims"
)

// maxDate bounds a NumericDate on both sides, in milliseconds: beyond 2^53
// seconds, decoders that use doubles and those that do not see different numbers.
const maxDate = (1 << 53) * 1000

// date converts a JSON number of seconds to milliseconds, rounding down. The
// number is taken exactly, whatever its spelling; no floating point is involved.
func date(b []byte) (claims.Time, error) {
	negative := b[0] == '-'
	if negative {
		b = b[1:]
	}
	mantissa, exponent := b, 0
	if e := bytes.IndexAny(b, "eE"); e >= 0 {
		mantissa, exponent = b[:e], power(b[e+1:])
	}
	// The number is 0.mantissa * 10^whole seconds, so its first whole + 3 digits
	// are milliseconds and the rest is dropped.
	whole := bytes.IndexByte(mantissa, '.')
	if whole < 0 {
		whole = len(mantissa)
	}
	left := whole + exponent + 3
	v, dropped := int64(0), false
	for _, c := range mantissa {
		switch {
		case c == '.':
		case left > 0:
			if v, left = shift(v, c-'0'), left-1; v > maxDate {
				return 0, errDate
			}
		default:
			dropped = dropped || c != '0'
		}
	}
	for ; left > 0 && v > 0; left-- {
		if v = shift(v, 0); v > maxDate {
			return 0, errDate
		}
	}
	if v == maxDate && dropped {
		return 0, errDate
	}
	if negative {
		v = -v
		if dropped {
			v--
		}
	}
	return claims.Time(v), nil
}

// shift appends a digit to v, which is at most maxDate. Beyond maxDate the result
// means nothing but that: ten times maxDate is no int64.
func shift(v int64, digit byte) int64 {
	if v > maxDate/10 {
		return maxDate + 1
	}
	return v*10 + int64(digit)
}

// power reads an exponent. Those that a token has no room to balance with digits
// are all the same.
func power(b []byte) int {
	negative := b[0] == '-'
	if b[0] == '-' || b[0] == '+' {
		b = b[1:]
	}
	n := 0
	for _, c := range b {
		n = min(n*10+int(c-'0'), 4*MaxSize)
	}
	if negative {
		return -n
	}
	return n
}
