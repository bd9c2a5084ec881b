-- Nothing is ready, so every known job must be delayed or leased. One that is neither has lost its place because a key
-- was evicted or deleted, and would never be delivered again, since it counts as known. A sample of those is made ready
-- again. Returns true if any was.
local function mend()
  if redis.call('HLEN', JOBS) <= redis.call('ZCARD', DUE) + redis.call('ZCARD', LEASES) then return false end
  local sample = redis.call('HRANDFIELD', JOBS, PAGE, 'WITHVALUES')
  local mended = false
  for i = 1, #sample, 2 do
    local id, known = sample[i], sample[i + 1]
    local entry, state = turned(known, 'r'), string.sub(known, 1, 1)
    local lost = state == 'r'
      or (state == 'd' and not redis.call('ZSCORE', DUE, id))
      or (state == 'l' and not redis.call('ZSCORE', LEASES, id))
    if not entry then
      dead_letter(id, known)
    elseif lost then
      redis.call('HSET', JOBS, id, entry)
      append(id)
      -- The lane's list may exist without its place in the rotation.
      local lane = string.sub(id, 38)
      if not redis.call('LPOS', LANES, lane) then redis.call('RPUSH', LANES, lane) end
      mended = true
    end
  end
  return mended
end
