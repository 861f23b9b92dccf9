-- Leave a credential without the alias that another has taken.
if redis.call('HGET', KEYS[1], 'al') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'al')
end
return 1
