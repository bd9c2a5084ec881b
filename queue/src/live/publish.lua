-- Publishes updates. KEYS[1] is what the streams' names begin with; ARGV: merchant, how many, then event and data of each.
local at = 1
while ARGV[at] do
  local stream = KEYS[1] .. ':' .. ARGV[at]
  local count = tonumber(ARGV[at + 1])
  -- Nobody has looked for an hour: there is nobody to publish to.
  if redis.call('EXISTS', stream) == 1 then
    for i = 1, count do
      local event, data = ARGV[at + 2 * i], ARGV[at + 2 * i + 1]
      local id = redis.call('XADD', stream, 'MAXLEN', '~', 500, '*', event, data)
      redis.call('PUBLISH', stream, id .. ' ' .. event .. ' ' .. data)
    end
  end
  at = at + 2 + 2 * count
end
return at
