-- Return up to `limit` records of a register from a place on, each after its place.
local records, index = KEYS[1], KEYS[2]
local from, to, limit, width = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local page = {}
for _, member in ipairs(redis.call('ZRANGEBYLEX', index, from, to, 'LIMIT', 0, limit)) do
  table.insert(page, member)
  table.insert(page, redis.call('HGET', records, string.sub(member, width + 1)))
end
return page
