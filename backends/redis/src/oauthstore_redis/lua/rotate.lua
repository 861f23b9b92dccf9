-- Exchange the current refresh token for its successor, or revoke the grant for reuse. Answers
-- what it did and how the family was before; whoever did not win is judged by that.
local grant = KEYS[1]
local family, digest, client_id = unpack(ARGV, 1, 3)
local now, grace, room, taken = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local successor, expires, record, sealed, owner = unpack(ARGV, 8, 12)
local tokens = { unpack(ARGV, 13) }

local before = redis.call('HMGET', grant, 'g', 'c', 'r', 'k', 'f', 'cur', 'prev', 'pr', 'x', 'ro')
local about, client, revoked, ends, own, current = unpack(before, 1, 6)
local names = redis.call('HMGET', grant, 'cd', 'ce', 'pd')
local function answer(what)
  return { what, before }
end

if not about or not current or own ~= family or client ~= client_id or revoked then
  return answer('lost')
end
if ends and now >= tonumber(ends) then
  return answer('lost')
end
if names[3] == digest then
  local within = now < tonumber(before[8]) + grace and string.sub(current, 1, 1) == 'a'
  if names[1] == successor or within then
    return answer('lost')
  end
end
if names[1] ~= digest then
  redis.call('HSET', grant, 'r', now, 'ro', owner)
  return answer('lost')
end
if names[2] ~= '' and now >= tonumber(names[2]) then
  return answer('lost')
end
if taken == '1' or known(grant, tokens, '') ~= 'none' then
  return answer('duplicate')
end
redis.call('HSET', grant, 'prev', current, 'pd', digest, 'pr', now)
redis.call('HSET', grant, 'cur', record, 'cd', successor, 'ce', expires)
redis.call('HDEL', grant, 'x')
if sealed ~= '' then
  redis.call('HSET', grant, 'x', string.sub(sealed, 2))
end
add(grant, tokens, now, room)
return answer('won')
