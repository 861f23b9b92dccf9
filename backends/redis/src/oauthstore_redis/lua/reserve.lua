-- Let a key name a grant unless it names another: return what it named before.
local stored = redis.call('GET', KEYS[1])
if not stored then
  redis.call('SET', KEYS[1], ARGV[1])
  keep(KEYS[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]))
end
return stored
