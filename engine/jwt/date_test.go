package jwt

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/engine/claims"
)

func TestDate(t *testing.T) {
	f := func(number string, want claims.Time) {
		t.Helper()
		if got, err := date([]byte(number)); err != nil || got != want {
			t.Errorf("date(%s) = %d, %v; want %d", number, got, err, want)
		}
	}
	f("0", 0)
	f("-0", 0)
	f("1800000000", 1800000000000)
	f("1800000000.5", 1800000000500)
	// below a millisecond is dropped, towards the past
	f("1800000000.0009", 1800000000000)
	f("-0.0001", -1)
	f("-1.5", -1500)
	f("-1", -1000)
	// other spellings of a number
	f("18e8", 1800000000000)
	f("1.8E+9", 1800000000000)
	f("18000000000000e-4", 1800000000000)
	f("0.0000000018e18", 1800000000000)
	f("0e999999999999999999999", 0)
	f("1e-999999999999999999999", 0)
	f("-1e-999999999999999999999", -1)
	f("0.000000000000000000000000000000", 0)
	// the bounds
	f("9007199254740992", 9007199254740992000)
	f("-9007199254740992", -9007199254740992000)
	f("9007199254740991.9999", 9007199254740991999)
	f("9007199254740992.0000", 9007199254740992000)
}

func TestDateOutOfRange(t *testing.T) {
	f := func(number string) {
		t.Helper()
		if got, err := date([]byte(number)); !errors.Is(err, errDate) {
			t.Errorf("date(%s) = %d, %v", number, got, err)
		}
	}
	f("9007199254740993")
	f("-9007199254740993")
	f("9007199254740992.0001")
	f("-9007199254740992.0001")
	f("9223372036854775808")
	f("18446744073709551616")
	f("1e400")
	f("-1e400")
	f("1e99999999999999999999")
	f("0.1e99999999999999999999")
	f(strings.Repeat("9", 4000))
}

// exactDate is date by rational arithmetic. Exponents beyond what the oracle can
// hold are left to the tables above.
func exactDate(number string) (claims.Time, bool) {
	r, ok := new(big.Rat).SetString(number)
	if !ok {
		panic("not a number: " + number)
	}
	if new(big.Rat).Abs(r).Cmp(big.NewRat(1<<53, 1)) > 0 {
		return 0, false
	}
	r.Mul(r, big.NewRat(1000, 1))
	// Euclidean division by a positive number rounds down.
	q, _ := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	return claims.Time(q.Int64()), true
}

func TestDateAgainstRationals(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 3))
	for range 20000 {
		n := fmt.Sprint(random.Uint64() >> random.IntN(64))
		if random.IntN(2) == 0 {
			n = fmt.Sprintf("%s.%0*d", n, 1+random.IntN(20), random.Uint64()>>random.IntN(64))
		}
		if random.IntN(2) == 0 {
			n += fmt.Sprintf("%c%+d", "eE"[random.IntN(2)], random.IntN(80)-40)
		}
		if random.IntN(2) == 0 {
			n = "-" + n
		}
		want, ok := exactDate(n)
		got, err := date([]byte(n))
		if ok != (err == nil) || got != want {
			t.Fatalf("date(%s) = %d, %v; want %d, %v", n, got, err, want, ok)
		}
	}
}

// The scanner reads the usual dates itself, and then as date would.
func TestDateOfScanner(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 5))
	numbers := []string{"0", "00", "01", "-1", "1.", "1.5", "1e3", "1E3", "12e", "-", "1-", "1+1", "999999999999999", "9999999999999999"}
	for range 20000 {
		numbers = append(numbers, fmt.Sprint(random.Uint64()>>random.IntN(64)))
	}
	for _, n := range numbers {
		for _, end := range []string{"", "}", ",", " ", "x"} {
			var usual, twin scanner
			usual.reset([]byte(n + end))
			got, _ := usual.date()
			twin.reset([]byte(n + end))
			v := twin.number()
			var want claims.Time
			if twin.err == nil {
				var err error
				if want, err = date(twin.b[v.start:v.end]); err != nil {
					twin.fail(err)
				}
			}
			if got != want || usual.i != twin.i || usual.err != twin.err {
				t.Fatalf("%s: %d up to %d, %v; want %d up to %d, %v", n+end, got, usual.i, usual.err, want, twin.i, twin.err)
			}
		}
	}
}
