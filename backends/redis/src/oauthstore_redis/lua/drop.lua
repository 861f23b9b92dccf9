-- Remove a record that has ended, with its entry in the index; tell whether it was there.
local record, index, member, now = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local ends = redis.call('HGET', record, 'k')
if ends and now < tonumber(ends) then
  return 0
end
redis.call('ZREM', index, member)
return redis.call('DEL', record)
