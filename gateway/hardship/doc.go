// Package hardship holds the tests of the gateway in bad times: slow clients by
// the thousand, bodies of a gigabyte, floods of bad tokens and of logins, and a
// security service that hangs. Gateway and security service are processes of
// their own, so that their memory is theirs alone and can be stopped.
//
// "go test" runs them in small sizes and asserts no times beyond generous
// bounds. "make hardship" runs them in full (TOLLGATE_HARDSHIP=full) and prints
// the figures as a table.
package hardship
