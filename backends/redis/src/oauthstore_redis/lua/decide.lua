-- Approve or deny a pending credential, once.
local credential, state, about, now, owner = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local stored = redis.call('HMGET', credential, 'st', 'k', 'e')
if stored[1] == 'pending' and now < tonumber(stored[2]) and now < tonumber(stored[3]) then
  redis.call('HSET', credential, 'st', state, 'a', about, 'do', owner)
end
return redis.call('HGETALL', credential)
