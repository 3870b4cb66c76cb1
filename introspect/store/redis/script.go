package redis

import "github.com/redis/rueidis"

// parse reads records as package store writes them: uvarint and text step
// through v from position p on.
const parse = `
local v, p
local function uvarint()
	local n, m = 0, 1
	while true do
		local c = string.byte(v, p)
		p = p + 1
		if c < 128 then return n + c * m end
		n = n + (c - 128) * m
		m = m * 128
	end
end
local function text()
	local n = uvarint()
	local s = string.sub(v, p, p + n - 1)
	p = p + n
	return s
end
`

// accessScript returns the record of the token at KEYS[1] unless it is revoked.
// ARGV[1] is the prefix of all keys; all are in one slot.
var accessScript = rueidis.NewLuaScript(parse + `
v, p = redis.call('GET', KEYS[1]), 2
if not v then return false end
local jti, sid, sub, client = text(), text(), text(), text()
local issued = uvarint() / 2
local x = ARGV[1] .. 'x:'
local r = redis.call('MGET', x .. 'token:' .. jti, x .. 'session:' .. sid, x .. 'subject:' .. sub, x .. 'client:' .. client)
if r[1] or (sid ~= '' and r[2]) then return false end
if r[3] and issued <= tonumber(r[3]) or r[4] and issued <= tonumber(r[4]) then return false end
return v
`)

// saveScript writes a session (KEYS[1]). ARGV: its record, its expiry, and the
// record that must be there now, or nothing for a new session. It returns 0 where
// that is not so.
var saveScript = rueidis.NewLuaScript(`
if ARGV[3] ~= '' and redis.call('GET', KEYS[1]) ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EXAT', ARGV[2])
return 1
`)

// revokeScript appends events to the feed at KEYS[1] and makes them true. All are
// of one shard. ARGV: the prefix of its keys, and once or always, then four for each
// event: its kind, its id, the time up to which it revokes with the expiry of that
// mark behind a space, and the entry of the feed. A mark that is there already keeps
// what is later; once leaves out an event whose mark says all of it.
var revokeScript = rueidis.NewLuaScript(`
local now = tonumber(redis.call('TIME')[1])
for i = 3, #ARGV, 4 do
	local kind, id, entry = ARGV[i], ARGV[i+1], ARGV[i+3]
	local before, expires = string.match(ARGV[i+2], '(%d+) (%d+)')
	before, expires = tonumber(before), tonumber(expires)
	local key = ARGV[1] .. 'x:' .. kind .. ':' .. id
	local old = redis.call('GET', key)
	local ttl = old and now + redis.call('TTL', key) or 0
	if ARGV[2] == 'always' or not old or tonumber(old) < before or ttl + 1 < expires then
		if old then
			before = math.max(before, tonumber(old))
			expires = math.max(expires, ttl)
		end
		redis.call('SET', key, string.format('%.0f', before), 'EXAT', string.format('%.0f', expires))
		if kind == 'session' then redis.call('DEL', ARGV[1] .. 's:' .. id) end
		redis.call('XADD', KEYS[1], '*', 'e', entry)
	end
end
return 1
`)

// putScript stores ARGV[2] as the field ARGV[1] of the hash at KEYS[1] if what
// is there is ARGV[3], where nothing stands for nothing.
var putScript = rueidis.NewLuaScript(`
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`)

// dropScript deletes the field ARGV[1] of the hash at KEYS[1] if what is there
// is ARGV[2].
var dropScript = rueidis.NewLuaScript(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`)

// renewScript makes ARGV[2] the epoch at KEYS[1] if that is ARGV[1].
var renewScript = rueidis.NewLuaScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`)
