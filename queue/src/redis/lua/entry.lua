-- An entry of JOBS is a job's state, 'r', 'd' or 'l', and its number of deliveries, as in 'l2'.

-- The entry with another state; nil if it is missing or cannot be read.
local function turned(entry, state)
  local deliveries = string.match(entry or '', '^[rdl](%d+)$')
  return deliveries and state .. deliveries
end

-- Sets aside what cannot be read, so that it blocks nothing and a person can look at it.
local function dead_letter(id, entry)
  redis.call('HDEL', JOBS, id)
  redis.call('ZREM', LEASES, id)
  redis.call('ZADD', DEAD, now_ms(), id .. ' ' .. entry)
  redis.call('ZREMRANGEBYRANK', DEAD, 0, -1001)
end
