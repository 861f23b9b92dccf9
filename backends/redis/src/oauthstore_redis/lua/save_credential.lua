-- Store a new credential; the fields follow in pairs.
local credential, index = KEYS[1], KEYS[2]
local owner, member, ends, now, slack = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if redis.call('EXISTS', credential) == 1 then
  return redis.call('HGET', credential, 'so') == owner and 1 or 0
end
redis.call('HSET', credential, 'so', owner, unpack(ARGV, 6))
keep(credential, ends, now, slack)
note(index, member, ends, now, slack)
return 1
