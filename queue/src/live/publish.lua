-- Publishes updates. KEYS[1] is the prefix of the streams' names; ARGV: the channel, then for each merchant its id, the
-- number of updates, and event and data of each.
local at = 2
while ARGV[at] do
  local stream = KEYS[1] .. ':' .. ARGV[at]
  local count = tonumber(ARGV[at + 1])
  -- The stream has not been read for an hour, so there are no subscribers.
  if redis.call('EXISTS', stream) == 1 then
    for i = 1, count do
      local event, data = ARGV[at + 2 * i], ARGV[at + 2 * i + 1]
      local id = redis.call('XADD', stream, 'MAXLEN', '~', 500, '*', event, data)
      redis.call('PUBLISH', ARGV[1], ARGV[at] .. ' ' .. id .. ' ' .. event .. ' ' .. data)
    end
  end
  at = at + 2 + 2 * count
end
return at
