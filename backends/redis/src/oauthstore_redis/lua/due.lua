-- Return how many entries of an index have ended, and the first of them.
local now, limit = ARGV[1], ARGV[2]
local first = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, limit)
return { redis.call('ZCOUNT', KEYS[1], '-inf', now), first }
