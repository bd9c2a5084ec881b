-- What JOBS says of a job: its state, 'r', 'd' or 'l', and how often it has been delivered, as in 'l2'.

-- The same in another state; nil when it cannot be read, or there is none.
local function turned(entry, state)
  local deliveries = string.match(entry or '', '^[rdl](%d+)$')
  return deliveries and state .. deliveries
end

-- Puts aside what cannot be read, so that it holds nobody up and a person can look at it.
local function dead_letter(id, entry)
  redis.call('HDEL', JOBS, id)
  redis.call('ZREM', LEASES, id)
  redis.call('ZADD', DEAD, now_ms(), id .. ' ' .. entry)
  redis.call('ZREMRANGEBYRANK', DEAD, 0, -1001)
end
