-- Record the poll of a pending credential; one that comes too soon makes the interval longer.
local credential, client_id, now, owner = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3]
local tolerance, step = tonumber(ARGV[4]), ARGV[5]
local stored = redis.call('HMGET', credential, 'st', 'k', 'e', 'c', 'po', 'iv', 'lo')
if
  stored[1] == 'pending'
  and stored[4] == client_id
  and now < tonumber(stored[2])
  and now < tonumber(stored[3])
  and stored[7] ~= owner
then
  local slow = stored[5] and stored[6] and now - tonumber(stored[5]) < tonumber(stored[6]) - tolerance
  redis.call('HSET', credential, 'po', now, 'lo', owner, 'lx', slow and 'slow_down' or 'pending')
  if slow then
    redis.call('HINCRBY', credential, 'iv', step)
  end
end
return redis.call('HGETALL', credential)
