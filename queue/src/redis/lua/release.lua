-- Returns claimed jobs that were not started to the heads of their lanes, in order: id and entry of each. The delivery
-- stays counted, because delivery numbers must be unique.
local wakes = false
for i = #ARGV - 1, 1, -2 do
  local id, entry = ARGV[i], ARGV[i + 1]
  if redis.call('HGET', JOBS, id) == entry then
    local lane = string.sub(id, 38)
    redis.call('ZREM', LEASES, id)
    redis.call('HSET', JOBS, id, turned(entry, 'r'))
    if redis.call('LPUSH', READY .. lane, id) == 1 then
      wakes = redis.call('LPUSH', LANES, lane) == 1 or wakes
    end
  end
end
if wakes then wake() end
return redis.status_reply('OK')
