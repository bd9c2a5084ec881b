-- Applies the answers of a turn: id, entry and ack of each, from ARGV[from] on. The ack is 'done' or '+<ms from now>'.
-- An answer is ignored unless the job's entry, including the delivery, is the one it was claimed with: a worker that
-- lost its lease has no say. Returns the earliest time at which one of the jobs is due again.
local function acknowledge(from)
  local ids, first = {}, nil
  for i = from, #ARGV, 3 do ids[#ids + 1] = ARGV[i] end
  if #ids == 0 then return nil end

  local done, answered = {}, {}
  for n, known in ipairs(redis.call('HMGET', JOBS, unpack(ids))) do
    local id, entry, ack = ids[n], ARGV[from + 3 * n - 2], ARGV[from + 3 * n - 1]
    if known == entry then
      answered[#answered + 1] = id
      if ack == 'done' then
        done[#done + 1] = id
      else
        local at = now_ms() + tonumber(string.sub(ack, 2))
        redis.call('HSET', JOBS, id, turned(entry, 'd'))
        redis.call('ZADD', DUE, at, id)
        first = math.min(first or at, at)
      end
    end
  end

  if #answered > 0 then redis.call('ZREM', LEASES, unpack(answered)) end
  if #done > 0 then redis.call('HDEL', JOBS, unpack(done)) end
  return first
end
