-- Return a record as it is.
return redis.call('HGETALL', KEYS[1])
