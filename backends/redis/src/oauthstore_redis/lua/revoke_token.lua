-- Mark one access token as revoked.
local field = 't:' .. ARGV[1]
local record = redis.call('HGET', KEYS[1], field)
if record then
  redis.call('HSET', KEYS[1], field, 'x' .. string.sub(record, 2))
end
return 1
