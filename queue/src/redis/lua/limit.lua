-- Gives out turns at a limit: one every `interval` µs, over all processes. A turn that comes within `patience` µs is taken, and
-- waited for by the caller. Otherwise nothing is taken, and the caller is told when to come again: behind all who were told so
-- before, so that those who wait come back one by one.
-- Returns whether the turn was taken, and the wait in µs.
local interval, patience = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local held = redis.call('HMGET', KEYS[1], 'next', 'back')
local next = math.max(tonumber(held[1] or now), now)
-- No turn is ever granted for later than this: Redis' clock was set back.
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
-- Once both are past, the limit is as good as never used.
redis.call('PEXPIRE', KEYS[1], math.ceil((math.max(next, back) - now) / 1000) + 1)
return { taken and 1 or 0, math.floor(wait) }
