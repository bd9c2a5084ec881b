-- Adds jobs to the queue: id and delay in ms ('' for none) of each. A known job is left as it is, unless it is delayed
-- and may start now, since this Redis' clock may have been set, or another Redis may have replaced it. Returns how many
-- were not known.
local now, head, first
local fresh, wakes = 0, false

for i = 1, #ARGV, 2 do
  local id, wait = ARGV[i], ARGV[i + 1]
  if wait ~= '' then
    now = now or now_ms()
    local at = now + tonumber(wait)
    if redis.call('HSETNX', JOBS, id, 'd0') == 1 then
      head = head or redis.call('ZRANGE', DUE, 0, 0, 'WITHSCORES')
      redis.call('ZADD', DUE, at, id)
      first = math.min(first or at, at)
      fresh = fresh + 1
    end
  elseif redis.call('HSETNX', JOBS, id, 'r0') == 1 then
    wakes = append(id) or wakes
    fresh = fresh + 1
  else
    local deliveries = string.match(redis.call('HGET', JOBS, id), '^d(%d+)$')
    if deliveries then
      redis.call('ZREM', DUE, id)
      redis.call('HSET', JOBS, id, 'r' .. deliveries)
      wakes = append(id) or wakes
    end
  end
end

-- Workers know when the earliest job is due, so they are woken only for an earlier one.
if wakes or (first and first < (tonumber(head[2]) or math.huge)) then wake() end
return fresh
