-- Note a grant where a sweep finds it, and return the fences of that range: in one step, so that
-- a sweep comes before it and has raised its fence, or after it and finds the grant.
local index, member, ends = KEYS[1], ARGV[1], ARGV[2]
local fences = {}
note(index, member, ends, tonumber(ARGV[3]), tonumber(ARGV[4]))
for i = 2, #KEYS do
  fences[i - 1] = redis.call('GET', KEYS[i])
end
return fences
