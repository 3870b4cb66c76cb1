package introspect

import (
	"time"

	"github.com/valyala/fasthttp"
)

// revocations is GET /revocations: the events after a cursor, at once where
// there are any, else when one comes or the wait is over.
func (s *Service) revocations(ctx *fasthttp.RequestCtx) error {
	if _, err := s.service(ctx, nil); err != nil {
		return err
	}
	args := ctx.QueryArgs()
	wait := s.cfg.Feed.DefaultWait
	if args.Has("wait") {
		n, err := args.GetUint("wait")
		if err != nil {
			return invalidRequest("wait must be a number of seconds")
		}
		wait = min(time.Duration(min(n, 3600))*time.Second, s.cfg.Feed.MaxWait)
	}
	cursor := string(args.Peek("after"))
	over := time.NewTimer(wait)
	defer over.Stop()
	s.metrics.followers.Add(1)
	defer s.metrics.followers.Add(-1)
	for held := true; ; {
		events, since := s.store.Feed().Lag(cursor)
		batch, news, changed, err := s.store.Feed().After(nil, cursor)
		if err != nil {
			return err
		}
		if news || !held {
			s.metrics.lag(events, since)
			answerJSON(ctx, 200, batch)
			return nil
		}
		select {
		case <-changed:
		case <-over.C:
			held = false
		case <-s.draining:
			held = false
		}
	}
}
