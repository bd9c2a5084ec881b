-- A rate limit: one turn every `interval` µs, over all processes. A turn within `patience` µs is taken, and the caller
-- waits for it. Otherwise nothing is taken, and the caller is told when to try again: after all who were told before, so
-- that they return one by one. Returns whether the turn was taken, and the wait in µs.
--
-- Whom no one waits for (ARGV[3] is '1') returns in a row of their own, which no one else stands behind. They take only
-- turns within half of `patience`, so that others find one, and none that another was told to return for.
local interval, patience, background = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local held = redis.call('HMGET', KEYS[1], 'next', 'back', 'background')
local next = math.max(tonumber(held[1] or now), now)
-- No turn is ever granted for later than this, so Redis' clock was set back.
if next - now > patience + interval then next, held[2], held[3] = now, false, false end
local back = math.max(tonumber(held[2] or next), next)
local last = math.max(tonumber(held[3] or back), back)

local taken, wait = next - now <= patience, next - now
if background then taken = next - now <= patience / 2 and back == next end
if taken then
  next = next + interval
elseif background then
  wait = last - now
  last = last + interval
else
  wait = back - now
  back = back + interval
end
local function told(at) return string.format('%.0f', at) end
redis.call('HSET', KEYS[1], 'next', told(next), 'back', told(back))
if background then redis.call('HSET', KEYS[1], 'background', told(last)) end
-- Once all have passed, the limit is as if never used.
redis.call('PEXPIRE', KEYS[1], math.ceil((math.max(next, back, last) - now) / 1000) + 1)
return { taken and 1 or 0, math.floor(wait) }
