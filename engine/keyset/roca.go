package keyset

import "math/big"

// Smart cards and TPMs of one vendor made RSA primes of the form
// k*M + (65537^a mod M), where M is a product of small primes, which lets anybody
// factor their moduli (CVE-2017-15361, "ROCA"). Such a modulus is a power of 65537
// modulo every prime that divides M; of other moduli about one in 2^28 is.

// rocaPrimes divide M for every length of key: the odd primes up to 167.
var rocaPrimes = []uint64{
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
	101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
}

// hasROCAShape reports whether the modulus n is a power of 65537 modulo every one
// of rocaPrimes.
func hasROCAShape(n *big.Int) bool {
	rest := new(big.Int)
	for _, p := range rocaPrimes {
		r := rest.Mod(n, new(big.Int).SetUint64(p)).Uint64()
		power := uint64(1)
		for range p - 1 { // the powers repeat after p - 1 at most
			if power == r {
				break
			}
			power = power * 65537 % p
		}
		if power != r {
			return false
		}
	}
	return true
}
