-- Mark a grant as revoked, one that is yet to be saved as well; the first mark stays. One of
-- another client or subject than a sweep is for is left alone. To a grant that is yet to be saved
-- a sweep is what its fence is: it stops what was granted till then, and nothing later.
local grant, grants = KEYS[1], KEYS[2]
local grant_id, now, ends, slack = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local only_stored, sweeps, client, subject = ARGV[5] == '1', ARGV[6] == '1', ARGV[7], ARGV[8]

local stored = redis.call('HMGET', grant, 'g', 'r', 'k', 'f', 'c', 's')
if stored[1] and client ~= '' and client ~= '=' .. stored[5] then
  return { 0 }
end
if stored[1] and string.sub(stored[1], 1, #subject) ~= subject then
  return { 0 }
end
if not stored[1] and not stored[2] and only_stored then
  return { 0 }
end
if not stored[2] and not stored[1] and sweeps then
  redis.call('HSET', grant, 's', math.max(now, tonumber(stored[6] or now)))
elseif not stored[2] then
  redis.call('HSET', grant, 'r', now)
end
local marked = stored[1] and not stored[2] and 1 or 0
local outlived = stored[6] and not stored[2] and tonumber(stored[3]) < tonumber(ends)
if (stored[3] and not outlived) or (stored[2] and sweeps) then
  return { marked }
end
-- It had no end: then neither had the entries that lead to it, which the caller ends now.
redis.call('HSET', grant, 'k', ends)
redis.call('ZREM', grants, grant_id)
note(grants, grant_id, ends, now, slack)
keep(grant, ends, now, slack)
return { marked, { stored[1], stored[5], false, false, stored[4] }, redis.call('HKEYS', grant) }
