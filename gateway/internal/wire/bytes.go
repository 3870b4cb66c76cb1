package wire

import "encoding/binary"

// Classes of bytes, one bit each.
const (
	isToken   = 1 << iota // tchar, RFC 9110, section 5.6.2
	isPath                // pchar and "/" of RFC 3986, less "%" and ";"
	isQuery               // printable ASCII but "#": what clients do send
	isHost                // reg-name, IP literals and the port
	isHexDig              // HEXDIG
	isBracket             // what clients send in paths all the same
)

var class = func() (t [256]uint8) {
	set := func(bit uint8, chars string) {
		for _, c := range []byte(chars) {
			t[c] |= bit
		}
	}
	for c := range 256 {
		switch b := byte(c); {
		case b >= '0' && b <= '9', b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z':
			t[c] |= isToken | isPath | isHost
		}
		if c > ' ' && c < 0x7f && c != '#' {
			t[c] |= isQuery
		}
	}
	set(isToken, "!#$%&'*+-.^_`|~")
	set(isPath, "/-._~!$&'()*+,=:@")
	set(isHost, "-._~!$&'()*+,;=:[]")
	set(isBracket, "[]{}|")
	set(isHexDig, "0123456789abcdefABCDEF")
	return t
}()

// fold is the spelling under which names are compared: lower case, and "_" and
// "." read as "-", as CGI, WSGI and their like do.
var fold = func() (t [256]byte) {
	for c := range 256 {
		t[c] = byte(c)
		switch {
		case c >= 'A' && c <= 'Z':
			t[c] = byte(c) + 'a' - 'A'
		case c == '_' || c == '.':
			t[c] = '-'
		}
	}
	return t
}()

// all reports whether every byte of s has the class bit.
func all(s []byte, bit uint8) bool {
	for _, c := range s {
		if class[c]&bit == 0 {
			return false
		}
	}
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// printable reports whether s is a field value: no byte below 0x20 but tab, and
// no 0x7f. Eight bytes are looked at together; a borrow between bytes can only
// raise a false alarm, which the byte loop settles.
func printable(s []byte) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := binary.LittleEndian.Uint64(s[i:])
		low := (x - 0x20*ones) &^ x
		del := x ^ 0x7f*ones
		if (low|(del-ones)&^del)&highs != 0 && !printableSlow(s[i:i+8]) {
			return false
		}
	}
	return printableSlow(s[i:])
}

func printableSlow(s []byte) bool {
	for _, c := range s {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// trim cuts optional white space (RFC 9110, section 5.6.3) off both ends.
func trim(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// equalFold compares s with a lower-case ASCII name.
func equalFold(s []byte, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i, c := range s {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
