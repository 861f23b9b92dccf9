-- Return up to `limit` entries of an index beyond the one at `score`, in order, with their scores.
local index, limit, score, member = KEYS[1], tonumber(ARGV[1]), ARGV[2], ARGV[3]
local from = 0
if score ~= '' then
  -- The entry itself may be gone: what would come right after it tells the place.
  local sentinel = member .. '\0'
  local added = redis.call('ZADD', index, 'NX', score, sentinel)
  from = redis.call('ZRANK', index, sentinel)
  if added == 1 then
    redis.call('ZREM', index, sentinel)
  end
end
return redis.call('ZRANGE', index, from, from + limit - 1, 'WITHSCORES')
