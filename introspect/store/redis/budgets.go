package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"

	"github.com/tollgate/tollgate/introspect/store"
)

// spendScript takes one event from the budget at KEYS[1]: the time in milliseconds,
// by the server's clock, when the budget will be whole again. ARGV: the milliseconds
// between events, and how many may happen at once. It returns how many milliseconds
// to wait where there is none left, else 0.
var spendScript = rueidis.NewLuaScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local every, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local whole = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wait = whole - now - (burst - 1) * every
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', whole + every), 'PX', string.format('%.0f', whole + every - now))
return 0
`)

// refundScript gives one event back to the budget at KEYS[1].
var refundScript = rueidis.NewLuaScript(`
local whole = tonumber(redis.call('GET', KEYS[1]) or 0)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
whole = whole - tonumber(ARGV[1])
if whole <= now then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], string.format('%.0f', whole), 'PX', string.format('%.0f', whole - now))
return 1
`)

// milliseconds rounds up: no budget gives more than it says.
func milliseconds(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }

// Spend implements store.Budgets, one budget after the other.
func (s *Store) Spend(ctx context.Context, budgets []store.Budget) (wait time.Duration, err error) {
	for i, b := range budgets {
		ms, err := s.run(ctx, spendScript, []string{s.keys.budget(b.Name)}, decimal(milliseconds(b.Every)), decimal(int64(b.Burst))).AsInt64()
		if err != nil {
			return 0, err
		}
		if ms > 0 {
			return time.Duration(ms) * time.Millisecond, s.Refund(ctx, budgets[:i])
		}
	}
	return 0, nil
}

// Refund implements store.Budgets.
func (s *Store) Refund(ctx context.Context, budgets []store.Budget) error {
	for _, b := range budgets {
		if err := s.run(ctx, refundScript, []string{s.keys.budget(b.Name)}, decimal(milliseconds(b.Every))).Error(); err != nil {
			return err
		}
	}
	return nil
}

// Note implements store.Budgets.
func (s *Store) Note(ctx context.Context, name string, lasts time.Duration) error {
	return s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Set().Key(s.keys.noted(name)).Value("1").Ex(lasts).Build()
	}).Error()
}

// Noted implements store.Budgets.
func (s *Store) Noted(ctx context.Context, name string) (bool, error) {
	n, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Exists().Key(s.keys.noted(name)).Build()
	}).AsInt64()
	return n > 0, err
}
