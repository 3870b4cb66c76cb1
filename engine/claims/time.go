package claims

import "time"

// Time is a NumericDate (RFC 7519, section 2) in milliseconds since the Unix
// epoch. NumericDates are accepted within +-2^53 seconds, so a Time and any
// skew added to it fit an int64: 2^53 * 1000 < 2^63.
type Time int64

// At converts t, dropping what is below a millisecond.
func At(t time.Time) Time { return Time(t.UnixMilli()) }

// Unix is t in whole seconds, rounded down.
func (t Time) Unix() int64 {
	s := int64(t) / 1000
	if int64(t)%1000 < 0 {
		s--
	}
	return s
}

// Std is t as a time.Time in UTC.
func (t Time) Std() time.Time { return time.UnixMilli(int64(t)).UTC() }
