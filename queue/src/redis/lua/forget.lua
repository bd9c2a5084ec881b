-- Removes a job, whatever its state. Its id may remain in its lane's list, where the claim passes it by: to look for
-- it there would cost as much as the lane is long.
local id = ARGV[1]
redis.call('ZREM', DUE, id)
redis.call('ZREM', LEASES, id)
return redis.call('HDEL', JOBS, id)
