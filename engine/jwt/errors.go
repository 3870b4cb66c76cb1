package jwt

import (
	"errors"
	"fmt"
)

var (
	// ErrMalformed: the bytes are no compact JWS of at most MaxSize bytes with a
	// strict header, or their payload is no strict JSON object of claims.
	ErrMalformed = errors.New("malformed token")
	// ErrAlgorithm: alg is none of Algorithms.
	ErrAlgorithm = errors.New("algorithm is not acceptable")
)

// The reasons behind ErrMalformed are made once: a flood of bad tokens must not
// allocate, and nothing a stranger wrote gets into a message.
var (
	errSize      = malformed("longer than 32 KiB")
	errParts     = malformed("not three parts")
	errBase64    = malformed("not strict base64url")
	errJSON      = malformed("not JSON")
	errUTF8      = malformed("not UTF-8")
	errSurrogate = malformed("half a surrogate pair")
	errDepth     = malformed("nested too deeply")
	errDuplicate = malformed("duplicate name in an object")
	errCase      = malformed("name differs from a known one in case")
	errCritical  = malformed("header asks for an extension")
	errNoAlg     = malformed("header has no alg")
	errType      = malformed("value of the wrong type")
	errDate      = malformed("date out of range")
)

func malformed(why string) error { return fmt.Errorf("%w: %s", ErrMalformed, why) }
