-- The common part of a queue's scripts. redis/mod.rs documents the keys. An id is '<job>:<lane>', each 36 characters
-- long.
local JOBS, LANES, DUE, LEASES, DEAD = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local BASE = string.sub(JOBS, 1, -5) -- without 'jobs'
local READY = BASE .. 'ready:'

-- The most jobs that a call moves, since Redis is blocked meanwhile.
local PAGE = 100

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Appends a job to its lane, and the lane to the rotation if it is not there.
-- Returns true if nothing was ready before: only then can a worker with a free slot be asleep.
local function append(id)
  local lane = string.sub(id, 38)
  return redis.call('RPUSH', READY .. lane, id) == 1 and redis.call('RPUSH', LANES, lane) == 1
end

-- BASE is '<prefix>:{<queue>}:'. All queues share one channel.
local function wake()
  local prefix, queue = string.match(BASE, '^(.*:){(.*)}:$')
  redis.call('PUBLISH', prefix .. 'wake', queue)
end
