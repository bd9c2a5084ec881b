-- Reads one merchant's updates from the stream KEYS[1], which is kept for ARGV[1] ms from now. ARGV[2] is the reader's
-- position, or ''. Returns whether everything since then is there, the id of the last update, and the updates since
-- then.
local stream, known = KEYS[1], ARGV[2]
if redis.call('EXISTS', stream) == 0 then
  redis.call('XADD', stream, '*', 'opened', '')
end
redis.call('PEXPIRE', stream, ARGV[1])
local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1][1]
if known == '' then
  return {1, last, {}}
end
-- Updates before the oldest entry may have been trimmed.
if #redis.call('XRANGE', stream, '-', known, 'COUNT', 1) == 0 then
  return {0, last, {}}
end
return {1, last, redis.call('XRANGE', stream, '(' .. known, '+')}
