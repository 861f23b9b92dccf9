-- Raise a fence, which never falls, and return the first entries of its index.
local fence, index = KEYS[1], KEYS[2]
local at, ends, slack = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = at
local stored = redis.call('GET', fence)
if stored then
  local stored_at, stored_ends = string.match(stored, '^(%S+) (%S+)$')
  at, ends = math.max(at, tonumber(stored_at)), math.max(ends, tonumber(stored_ends))
end
redis.call('SET', fence, string.format('%.0f %.0f', at, ends))
keep(fence, ends, now, slack)
return redis.call('ZSCAN', index, '0', 'COUNT', 500)
