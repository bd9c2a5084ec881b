-- Renews leases. ARGV: the new duration in ms, then id and entry of each. Returns the ids whose entry has changed.
local expiry = string.format('%d', now_ms() + tonumber(ARGV[1]))
local ids, leases, lost = {}, {}, {}
for i = 2, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
for n, known in ipairs(redis.call('HMGET', JOBS, unpack(ids))) do
  if known == ARGV[1 + 2 * n] then
    leases[#leases + 1], leases[#leases + 2] = expiry, ids[n]
  else
    lost[#lost + 1] = ids[n]
  end
end
if #leases > 0 then redis.call('ZADD', LEASES, unpack(leases)) end
return lost
