-- One turn of a worker: applies its answers, then claims up to `want` jobs. Doing both in one call fills a freed slot
-- without another round trip, and never before its answer is applied. If ARGV[3] is '1', it first looks for due jobs
-- and expired leases; a busy worker asks for that only now and then. Returns whether more jobs may be ready, in how
-- many ms the next one is due (-1 if unknown), id and entry of each claimed job, and how many leases had run out.
local lifetime, want, refill = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
local first = acknowledge(4)
local leased, taken, wakes, reclaimed, due_in = {}, {}, false, 0, -1
local now = (refill or want > 0 or first) and now_ms()

if refill then
  wakes, reclaimed = lapse(LEASES, now)
  wakes = lapse(DUE, now) or wakes
end
if want > 0 then
  taken = take(want)
  leased = lease(taken, now + lifetime)
end
if refill and #taken == 0 then wakes = mend() or wakes end

if refill or first then
  local head = tonumber(redis.call('ZRANGE', DUE, 0, 0, 'WITHSCORES')[2])
  if head then due_in = math.max(0, head - now) end
  wakes = wakes or (first and head and first <= head)
end
-- More jobs became ready than were claimed, or one is due earlier than other workers know.
local more = #taken == want
if wakes and (more or first) then wake() end
return { more and 1 or 0, due_in, leased, reclaimed }
