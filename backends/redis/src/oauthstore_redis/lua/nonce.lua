-- Tell whether it is a nonce's first use, and remember it and who used it.
local ends, now, owner, slack = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local stored = redis.call('GET', KEYS[1])
if stored then
  local stored_ends, user = string.match(stored, '^(%S+) (%S+)$')
  if user == owner then
    return 1
  elseif now < tonumber(stored_ends) then
    return 0
  end
end
redis.call('SET', KEYS[1], ends .. ' ' .. owner)
keep(KEYS[1], ends, now, slack)
return 1
