-- Makes one page of `set` ready: jobs that are due, or whose lease has run out.
-- Returns whether nothing was ready before, and how many jobs there were.
local function lapse(set, now)
  local ids = redis.call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', 0, PAGE)
  if #ids == 0 then return false, 0 end
  redis.call('ZREM', set, unpack(ids))
  local wakes = false
  for n, known in ipairs(redis.call('HMGET', JOBS, unpack(ids))) do
    local entry = turned(known, 'r')
    if entry then
      redis.call('HSET', JOBS, ids[n], entry)
      wakes = append(ids[n]) or wakes
    elseif known then
      dead_letter(ids[n], known)
    end
  end
  return wakes, #ids
end

-- Takes up to `want` ids from the heads of the lanes, in turn. Each lane gives an equal share before its next turn;
-- an empty lane leaves the rotation.
local function take(want)
  local ids, share = {}, 1
  if want > 1 then share = math.max(1, math.floor(want / math.max(1, redis.call('LLEN', LANES)))) end
  while #ids < want do
    local lane = redis.call('LMOVE', LANES, LANES, 'LEFT', 'RIGHT')
    if not lane then break end
    local key = READY .. lane
    for _, id in ipairs(redis.call('LPOP', key, math.min(share, want - #ids)) or {}) do
      ids[#ids + 1] = id
    end
    if redis.call('EXISTS', key) == 0 then redis.call('RPOP', LANES) end
  end
  return ids
end

-- The entry of a ready job after its claim; nil if it is not ready. Most jobs are claimed for the first time.
local function claimed(entry)
  if entry == 'r0' then return 'l1' end
  local deliveries = string.match(entry or '', '^r(%d+)$')
  return deliveries and 'l' .. deliveries + 1
end

-- Leases the jobs and counts the delivery. An id whose entry is not ready is stale (forgotten, or listed twice) and
-- skipped. Returns id and entry of each leased job.
local function lease(ids, expiry)
  if #ids == 0 then return {} end
  local leased, leases, seen = {}, {}, {}
  expiry = string.format('%d', expiry)
  for n, known in ipairs(redis.call('HMGET', JOBS, unpack(ids))) do
    local id, entry = ids[n], claimed(known)
    if entry and not seen[id] then
      seen[id] = true
      local at = #leased
      leased[at + 1], leased[at + 2] = id, entry
      leases[at + 1], leases[at + 2] = expiry, id
    elseif known and not turned(known, 'r') then
      dead_letter(id, known)
    end
  end
  if #leased > 0 then
    redis.call('HSET', JOBS, unpack(leased))
    redis.call('ZADD', LEASES, unpack(leases))
  end
  return leased
end
