package edge

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"
)

// Every refusal is a whole HTTP message that says when it was made and that
// nobody may store it.
func TestRepliesAreWhole(t *testing.T) {
	before := time.Now().Truncate(time.Second)
	for o := range answers {
		if answers[o].status == 0 {
			continue // what is forwarded or served has an answer of its own
		}
		r := reply{outcome: Outcome(o), requestID: "1"}
		text := r.appendBody(r.appendHead(nil))
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
		if err != nil {
			t.Fatalf("outcome %d: %v in %q", o, err, text)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || int64(len(body)) != resp.ContentLength {
			t.Errorf("outcome %d: %d bytes of %d, %v", o, len(body), resp.ContentLength, err)
		}
		date, err := http.ParseTime(resp.Header.Get("Date"))
		if err != nil || date.Before(before) || date.After(time.Now()) {
			t.Errorf("outcome %d: Date is %q: %v", o, resp.Header.Get("Date"), err)
		}
		if resp.StatusCode != answers[o].status || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("outcome %d: %q", o, text)
		}
	}
}
