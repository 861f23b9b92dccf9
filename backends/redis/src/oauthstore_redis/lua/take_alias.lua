-- Take an alias that nobody holds any more: {1, what it was, whose it was}, or {0}. The value has
-- the holder, the end of its hold, and who held it before.
local digest, ends, now, keep_until, slack = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local held = redis.call('GET', KEYS[1])
local before = '-'
if held then
  local holder, hold_ends, former = string.match(held, '^(%S+) (%S+) (%S+)$')
  if holder ~= digest and now < tonumber(hold_ends) then
    return { 0 }
  end
  before = holder == digest and former or holder
end
redis.call('SET', KEYS[1], digest .. ' ' .. ends .. ' ' .. before)
keep(KEYS[1], keep_until, now, slack)
return { 1, held or '', before }
