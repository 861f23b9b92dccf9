-- Count an attempt in the window that the first one opened.
local window, now, owner, slack = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local stored = redis.call('HMGET', KEYS[1], 'n', 'k', 'o')
if stored[3] == owner then
  return tonumber(stored[1])
end
if not stored[2] or now >= tonumber(stored[2]) then
  redis.call('HSET', KEYS[1], 'n', 0, 'k', now + window)
  keep(KEYS[1], now + window, now, slack)
end
redis.call('HSET', KEYS[1], 'o', owner)
return redis.call('HINCRBY', KEYS[1], 'n', 1)
