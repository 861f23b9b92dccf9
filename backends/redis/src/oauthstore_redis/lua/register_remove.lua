-- Remove a record of a register, or (without one) up to `limit` that have ended; return how many,
-- and whether more have ended. `removed` recognizes a call that is delivered again.
local records, index, ends, names, removed = unpack(KEYS)
local id, now, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local again = redis.call('GET', removed)
if again then
  return { tonumber(again), 0 }
end
local chosen = { id }
if now ~= '' then
  chosen = redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, limit)
end
local count = 0
for _, each in ipairs(chosen) do
  local stored = redis.call('HGET', records, each)
  if stored then
    local _, _, place, name = string.match(stored, '^(%S+) (%S+) (%S+) (%S+) ')
    redis.call('HDEL', records, each)
    redis.call('ZREM', index, place .. each)
    redis.call('HDEL', names, name)
    count = count + 1
  end
  redis.call('ZREM', ends, each)
end
redis.call('SET', removed, count, 'EX', 60)
return { count, now ~= '' and redis.call('ZCOUNT', ends, '-inf', now) or 0 }
