-- Create or replace a record of a register: compare-and-set on its version. In front of a record
-- stand its version, who wrote it, its place in the index, and its unique name, if it has one.
local records, index, ends, names = unpack(KEYS)
local id, version, owner, place, name, expires_at, body = unpack(ARGV)
local stored = redis.call('HGET', records, id)
local stored_version, writer, old_place, old_name = '0', '', '', '-'
if stored then
  stored_version, writer, old_place, old_name = string.match(stored, '^(%S+) (%S+) (%S+) (%S+) ')
end
if writer == owner then
  return 'saved'
elseif version == '0' and stored then
  return 'duplicate'
elseif version ~= stored_version then
  return 'conflict'
end
local holder = name ~= '-' and redis.call('HGET', names, name)
if holder and holder ~= id then
  return 'taken'
end
if stored then
  redis.call('ZREM', index, old_place .. id)
  redis.call('HDEL', names, old_name)
end
redis.call('ZADD', index, 0, place .. id)
if name ~= '-' then
  redis.call('HSET', names, name, id)
end
if expires_at ~= '' then
  redis.call('ZADD', ends, expires_at, id)
else
  redis.call('ZREM', ends, id)
end
local written = string.format('%.0f', tonumber(version) + 1)
redis.call('HSET', records, id, table.concat({ written, owner, place, name, body }, ' '))
return 'saved'
