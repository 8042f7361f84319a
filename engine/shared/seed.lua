-- What a process has admitted lately, for a server that may not know it. Saying it twice changes nothing.
-- KEYS  1 log of a rate
-- ARGV  1 window  then a place and its age for each. Times are whole microseconds.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for i = 2, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], 'NX', now - ARGV[i + 1], ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[1] / 1000) + 1000)
return {redis.call('ZCARD', KEYS[1])}
