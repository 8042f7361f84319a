-- A sign of life, and what is not urgent: places given up, leases renewed, hints told and heard.
-- KEYS  1 the processes  2 the hints  3… places given up  then leases renewed
-- ARGV  1 who  2 the server as it knows it  3 `join`, `leave` or ''  4 after which a silent process is gone
--       5 lease of a width  6 how long hints stay after their time
--       7 hints told  8 hints withdrawn  9 places given up  10 leases renewed
--       then a hint and its remaining time for each told; hints; places; places
-- Returns {server, whether it knows the asker, processes, hint, remaining time, hint, …}. Whole microseconds.
local MOST = 1000
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''
local key, arg = 2, 10
local told, withdrawn = tonumber(ARGV[7]), tonumber(ARGV[8])
local given_up, renewed = tonumber(ARGV[9]), tonumber(ARGV[10])

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[4])
local known = server == ARGV[2] and redis.call('ZSCORE', KEYS[1], ARGV[1])
if ARGV[3] == 'leave' then
  redis.call('ZREM', KEYS[1], ARGV[1])
elseif known or ARGV[3] == 'join' then
  redis.call('ZADD', KEYS[1], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[4] / 1000))
end

for _ = 1, told do
  local until_then = now + ARGV[arg + 2]
  local before = redis.call('ZSCORE', KEYS[2], ARGV[arg + 1])
  if not before or tonumber(before) < until_then then redis.call('ZADD', KEYS[2], until_then, ARGV[arg + 1]) end
  arg = arg + 2
end
for _ = 1, withdrawn do
  arg = arg + 1
  redis.call('ZREM', KEYS[2], ARGV[arg])
end
for _ = 1, given_up do
  key, arg = key + 1, arg + 1
  if redis.call('TYPE', KEYS[key])['ok'] == 'string' then
    if redis.call('GET', KEYS[key]) == ARGV[arg] then redis.call('DEL', KEYS[key]) end
  else
    redis.call('ZREM', KEYS[key], ARGV[arg])
  end
end
for _ = 1, renewed do
  key, arg = key + 1, arg + 1
  redis.call('ZADD', KEYS[key], now + ARGV[5], ARGV[arg])
  redis.call('PEXPIRE', KEYS[key], math.ceil(ARGV[5] / 1000) + 1000)
end

redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[6])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - MOST)
local answer = {server, known and 1 or 0, redis.call('ZCARD', KEYS[1])}
local hints = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
for i = 1, #hints, 2 do
  answer[#answer + 1] = hints[i]
  answer[#answer + 1] = hints[i + 1] - now
end
return answer
