-- Removes a job, whatever its state. Its id may remain in its lane's list, where claims skip it: removing it would take
-- time linear in the length of the lane.
local id = ARGV[1]
redis.call('ZREM', DUE, id)
redis.call('ZREM', LEASES, id)
return redis.call('HDEL', JOBS, id)
