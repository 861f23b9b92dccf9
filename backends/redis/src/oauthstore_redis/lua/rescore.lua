-- Give an entry of an index without end one.
local index, member, ends, now, slack = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('ZSCORE', index, member) == 'inf' then
  redis.call('ZREM', index, member)
  note(index, member, ends, now, slack)
end
return 1
