-- What the scripts of a queue share. See redis/mod.rs for what the keys hold. An id is '<job>:<lane>', both of them
-- 36 characters long, wherever one occurs.
local JOBS, LANES, DUE, LEASES, DEAD = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local BASE = string.sub(JOBS, 1, -5) -- without 'jobs'
local READY = BASE .. 'ready:'

-- A page is how many jobs a call moves at most: Redis serves nobody else meanwhile.
local PAGE = 100

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Puts a job at the end of its lane, and the lane into the rotation if it is not there.
-- True if nothing was ready until now: only then can a worker be asleep with a free slot.
local function append(id)
  local lane = string.sub(id, 38)
  return redis.call('RPUSH', READY .. lane, id) == 1 and redis.call('RPUSH', LANES, lane) == 1
end

-- BASE is '<prefix>:{<queue>}:'. All queues are told of on one channel.
local function wake()
  local prefix, queue = string.match(BASE, '^(.*:){(.*)}:$')
  redis.call('PUBLISH', prefix .. 'wake', queue)
end
