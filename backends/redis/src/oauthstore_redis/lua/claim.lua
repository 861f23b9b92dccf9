-- Use an approved credential, once.
local credential, client_id, now, owner = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3]
local stored = redis.call('HMGET', credential, 'st', 'k', 'e', 'c')
if
  stored[1] == 'approved'
  and stored[4] == client_id
  and now < tonumber(stored[2])
  and now < tonumber(stored[3])
then
  redis.call('HSET', credential, 'st', 'used', 'co', owner)
end
return redis.call('HGETALL', credential)
