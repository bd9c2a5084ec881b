-- A rate limit: one turn every `interval` µs, over all processes. A turn within `patience` µs is taken, and the caller
-- waits for it. Otherwise nothing is taken, and the caller is told when to try again: after all who were told before, so
-- that they return one by one. Returns whether the turn was taken, and the wait in µs.
local interval, patience = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local held = redis.call('HMGET', KEYS[1], 'next', 'back')
local next = math.max(tonumber(held[1] or now), now)
-- No turn is ever granted for later than this, so Redis' clock was set back.
if next - now > patience + interval then next, held[2] = now, false end
local back = math.max(tonumber(held[2] or next), next)

local taken, wait = next - now <= patience, next - now
if taken then
  next = next + interval
else
  wait = back - now
  back = back + interval
end
redis.call('HSET', KEYS[1], 'next', string.format('%.0f', next), 'back', string.format('%.0f', back))
-- Once both have passed, the limit is as if never used.
redis.call('PEXPIRE', KEYS[1], math.ceil((math.max(next, back) - now) / 1000) + 1)
return { taken and 1 or 0, math.floor(wait) }
