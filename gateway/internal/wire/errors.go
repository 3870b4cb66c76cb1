package wire

import "errors"

// The reasons for which a message is refused. All of them end the connection:
// after one, nobody knows where the next message begins.
var (
	// ErrLineEnding: a line does not end in CRLF (RFC 9112, section 2.2).
	ErrLineEnding = errors.New("line does not end in CRLF")
	// ErrFold: a field line is folded (RFC 9112, section 5.2).
	ErrFold = errors.New("field line is folded")
	// ErrFieldName: a field name is not a token, or is not followed by a colon.
	ErrFieldName = errors.New("field name is not a token")
	// ErrFieldValue: a field value holds a control byte.
	ErrFieldValue = errors.New("field value holds a control byte")
	// ErrRequestLine: the first line is not method, target and version.
	ErrRequestLine = errors.New("request line is malformed")
	// ErrMethod: the method is CONNECT or TRACE.
	ErrMethod = errors.New("method is not served here")
	// ErrStatusLine: the first line of a response is malformed.
	ErrStatusLine = errors.New("status line is malformed")
	// ErrVersion: the version is neither HTTP/1.0 nor HTTP/1.1.
	ErrVersion = errors.New("version is neither HTTP/1.0 nor HTTP/1.1")
	// ErrHost: Host is missing, or not a host (RFC 9112, section 3.2).
	ErrHost = errors.New("host is missing or malformed")
	// ErrRepeated: a field that steers the request occurs twice.
	ErrRepeated = errors.New("field occurs twice")
	// ErrLength: Content-Length is not one decimal number, or comes with
	// Transfer-Encoding (RFC 9112, section 6.3).
	ErrLength = errors.New("content length is malformed or contradicted")
	// ErrCoding: Transfer-Encoding is not exactly chunked.
	ErrCoding = errors.New("transfer coding is not exactly chunked")
	// ErrNominated: Connection or Trailer names a field that is not theirs to name.
	ErrNominated = errors.New("connection or trailer names a protected field")
	// ErrTarget: the target has a form that is not served here, or names another host.
	ErrTarget = errors.New("request target is not served here")
	// ErrPath: the path has more than one reading.
	ErrPath = errors.New("request path is ambiguous")
	// ErrTooLong: the target alone is over its limit.
	ErrTooLong = errors.New("request target is too long")
	// ErrTooLarge: the head is over its limit, in bytes or in fields.
	ErrTooLarge = errors.New("head is too large")
	// ErrChunk: the chunked coding is broken (RFC 9112, section 7.1).
	ErrChunk = errors.New("chunked coding is malformed")
)
