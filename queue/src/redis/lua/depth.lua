-- Returns how many jobs are ready, delayed, leased and dead. A job that is neither delayed nor leased is ready.
local due, leased = redis.call('ZCARD', DUE), redis.call('ZCARD', LEASES)
local ready = math.max(0, redis.call('HLEN', JOBS) - due - leased)
return { ready, due, leased, redis.call('ZCARD', DEAD) }
