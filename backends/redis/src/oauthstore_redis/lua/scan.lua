-- Return more entries of an index: a scan meets all that are there from its beginning to its end.
return redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', 500)
