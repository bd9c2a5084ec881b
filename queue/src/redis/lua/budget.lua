-- Adds `spent` µs to what is owed at a budget that all processes share. What is owed is paid off as time passes, a µs in each.
-- Returns what is owed now, in µs.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local free = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + tonumber(ARGV[1])
-- Once all is paid off, the budget is as good as never used.
redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', math.ceil((free - now) / 1000) + 1)
return math.floor(free - now)
