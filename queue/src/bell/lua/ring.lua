-- Rings jobs: id, and the time before which it must not start ('' for at once), for each.
-- A job that is known is left as it is. Returns how many were not.
local now, head, first
local fresh, stir = 0, false

for i = 1, #ARGV, 2 do
  local id, at = ARGV[i], ARGV[i + 1] ~= '' and tonumber(ARGV[i + 1])
  if at then now = now or now_ms() end
  if at and at > now then
    if redis.call('HSETNX', JOBS, id, 'd0') == 1 then
      head = head or redis.call('ZRANGE', DUE, 0, 0, 'WITHSCORES')
      redis.call('ZADD', DUE, at, id)
      first = math.min(first or at, at)
      fresh = fresh + 1
    end
  elseif redis.call('HSETNX', JOBS, id, 'r0') == 1 then
    stir = append(id) or stir
    fresh = fresh + 1
  end
end

-- Workers know when the earliest job is due: they are told only of an earlier one.
if stir or (first and first < (tonumber(head[2]) or math.huge)) then wake() end
return fresh
