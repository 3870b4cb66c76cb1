package loadtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/tollgate/tollgate/loadtest/record"
)

// lag measures how long a revoked token goes on working. A fresh token is used
// until the gateway knows it well, then revoked; meanwhile it is used without a
// pause over one connection. The lag is from the moment the revocation was
// acknowledged to the sending of the last request that was let through, and zero
// if there was none. This repeats for the duration of the cell.
func (l *lab) lag(ctx context.Context, s record.Sweep, k record.Key, e *endpoint) (*record.Cell, error) {
	l.progress.say(fmt.Sprintf("revoking tokens in mode %s for %v", e.mode, s.Duration))
	c := &record.Cell{Key: k, Started: time.Now().UTC().Round(ms), Window: s.Duration, Hits: -1}
	for end := time.Now().Add(s.Duration); time.Now().Before(end); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		lag, sent, err := l.revokeOnce(ctx, e)
		if err != nil {
			return nil, err
		}
		c.Lags = append(c.Lags, lag)
		c.Sent += sent
	}
	l.progress.left -= s.Duration + overhead
	return c, nil
}

// patience is how long a revoked token may go on working before that is an error.
const patience = 10 * sec

func (l *lab) revokeOnce(ctx context.Context, e *endpoint) (lag time.Duration, sent int64, err error) {
	token, err := e.service.Token(ctx)
	if err != nil {
		return 0, 0, err
	}
	conn, err := net.Dial("tcp", e.address)
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(2 * patience))
	user := &user{conn: conn, answers: bufio.NewReader(conn), request: fmt.Appendf(nil,
		"GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", e.path, e.address, token)}
	for range 5 {
		status, err := user.ask()
		if err != nil {
			return 0, 0, err
		}
		if status != http.StatusOK {
			return 0, 0, fmt.Errorf("a fresh token: status %d", status)
		}
	}
	revoked := make(chan error, 1)
	var acknowledged time.Time
	go func() {
		time.Sleep(2 * ms)
		err := e.service.Revoke(ctx, token)
		acknowledged = time.Now()
		revoked <- err
	}()
	var last time.Time // sending of the last request that was let through
	for {
		before := time.Now()
		status, err := user.ask()
		if err != nil {
			return 0, 0, err
		}
		sent++
		if status == http.StatusUnauthorized {
			break
		}
		if status != http.StatusOK {
			return 0, 0, fmt.Errorf("a token being revoked: status %d", status)
		}
		last = before
		if sent%1000 == 0 && ctx.Err() != nil {
			return 0, 0, ctx.Err()
		}
		if time.Since(last) > patience {
			return 0, 0, fmt.Errorf("a revoked token still works after %v", patience)
		}
	}
	if err := <-revoked; err != nil {
		return 0, 0, err
	}
	return max(0, last.Sub(acknowledged)), sent, nil
}

// user sends one request after the other over one connection.
type user struct {
	conn    net.Conn
	answers *bufio.Reader
	request []byte
}

func (u *user) ask() (status int, err error) {
	if _, err := u.conn.Write(u.request); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(u.answers, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}
