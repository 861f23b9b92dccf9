-- Store tokens under a grant that is not revoked: all or none.
local grant, grants = KEYS[1], KEYS[2]
local grant_id, about, client_id, ends, family, fenced = unpack(ARGV, 1, 6)
local now, slack, room = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local token_taken, family_taken, owner, granted_at = unpack(ARGV, 10, 13)
local refresh, refresh_ends, refresh_record = unpack(ARGV, 14, 16)
local tokens = { unpack(ARGV, 17) }

local stored = redis.call('HMGET', grant, 'g', 'r', 'f', 'cd', 's')
local seen = known(grant, tokens, owner)
if stored[2] or (not stored[1] and fenced == '1') then
  return 'revoked'
end
if not stored[1] and stored[5] and tonumber(granted_at) <= tonumber(stored[5]) then
  return 'revoked'
end
if seen == 'own' or (stored[4] and stored[4] == refresh and redis.call('HGET', grant, 'so') == owner) then
  return stored[3] == family and 'saved' or 'nameless'
end
if token_taken == '1' or seen == 'other' or (refresh ~= '' and stored[3]) then
  return 'duplicate'
end
if family_taken == '1' and not stored[3] then
  return 'duplicate'
end
if not stored[1] then
  redis.call('HDEL', grant, 's', 'k')
  redis.call('HSET', grant, 'g', about, 'c', client_id)
  if ends ~= '' then
    redis.call('HSET', grant, 'k', ends)
  end
  keep(grant, ends, now, slack)
  note(grants, grant_id, ends, now, slack)
end
if family ~= '' and not stored[3] then
  redis.call('HSET', grant, 'f', family)
end
if refresh ~= '' then
  redis.call('HSET', grant, 'cd', refresh, 'ce', refresh_ends, 'cur', refresh_record, 'so', owner)
end
if #tokens > 0 or refresh ~= '' then
  add(grant, tokens, now, room)
end
return (stored[3] or family) == family and 'saved' or 'nameless'
