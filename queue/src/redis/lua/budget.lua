-- Adds `spent` µs to the debt of a budget that all processes share. The debt decreases by 1 µs per µs.
-- Returns the debt in µs.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local free = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + tonumber(ARGV[1])
-- Without debt, the budget is as if never used.
redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', math.ceil((free - now) / 1000) + 1)
return math.floor(free - now)
