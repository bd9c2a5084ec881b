-- Sets aside ids that a worker cannot read.
for _, id in ipairs(ARGV) do
  dead_letter(id, redis.call('HGET', JOBS, id) or '')
end
return redis.status_reply('OK')
