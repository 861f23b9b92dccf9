-- Stands in front of every script. Times are seconds since the epoch, by the caller's clock.

-- Let the server forget a key `slack` seconds after `ends`, never before; '' and 'inf': never.
local function keep(key, ends, now, slack)
  local seconds = tonumber(ends) and tonumber(ends) - now + slack
  if seconds and seconds < 1e12 then
    redis.call('EXPIRE', key, string.format('%.0f', math.max(1, seconds)))
  else
    redis.call('PERSIST', key)
  end
end

-- Note an entry in an index by its end. The index goes with its last entry, and each entry
-- takes along a few that ended long ago, so that it grows with what lives and no further.
local function note(index, member, ends, now, slack)
  redis.call('ZADD', index, 'GT', ends == '' and '+inf' or ends, member)
  local ended = redis.call('ZRANGEBYSCORE', index, '-inf', now - slack, 'LIMIT', 0, 8)
  if #ended > 0 then
    redis.call('ZREM', index, unpack(ended))
  end
  local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
  if last[2] then
    keep(index, last[2], now, slack)
  end
end

-- Tell whether a token of these, given as digest and record in turn, is there; 'own' if this
-- very call has put it there.
local function known(grant, tokens, owner)
  for i = 1, #tokens, 2 do
    local stored = redis.call('HGET', grant, 't:' .. tokens[i])
    if stored then
      return string.match(stored, '^%a %S+ %S+ %S+ (%S+)') == owner and 'own' or 'other'
    end
  end
  return 'none'
end

-- Drop the access tokens that have expired, and the oldest beyond `room`; then add these.
local function add(grant, tokens, now, room)
  local live = {}
  for _, field in ipairs(redis.call('HKEYS', grant)) do
    if string.sub(field, 1, 2) == 't:' then
      local record = redis.call('HGET', grant, field)
      local issued, expires = string.match(record, '^%a (%S+) (%d+) access ')
      if expires and now >= tonumber(expires) then
        redis.call('HDEL', grant, field)
      elseif expires then
        table.insert(live, { tonumber(issued), field })
      end
    end
  end
  table.sort(live, function(a, b)
    return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2])
  end)
  for i = 1, #live - room do
    redis.call('HDEL', grant, live[i][2])
  end
  for i = 1, #tokens, 2 do
    redis.call('HSET', grant, 't:' .. tokens[i], tokens[i + 1])
  end
end
