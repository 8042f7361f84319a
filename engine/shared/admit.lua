-- A place within a limit, in one step and by one clock: the server's. All of it is taken, or none.
-- KEYS  1 the processes  2 log of the rate  3 leases of the width  4 lease of the probe
-- ARGV  1 who asks  2 the server as it knows it  3 name of the place, `who:number:amount`  4 amount
--       5 count (0: no rate)  6 window  7 whether amounts are counted (1) or requests (0)
--       8 width (0: any)  9 lease of a width  10 lease of a probe (0: it is none)
-- Returns {verdict, wait, used, processes}. Times are whole microseconds.
local ADMITTED, LIMIT, BUSY, PROBED, STRANGER = 0, 1, 2, 3, 4
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''
if server ~= ARGV[2] or not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return {STRANGER, 0, 0, 0}
end
local processes = redis.call('ZCARD', KEYS[1])
local amount, count, window = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local width, lease, probe = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local used = 0

if count > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - window)
  local at
  if ARGV[7] == '1' then
    local held = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
    for i = 1, #held, 2 do used = used + tonumber(string.match(held[i], '%d+$') or 0) end
    local over = used + amount - count
    for i = 1, #held, 2 do
      if over <= 0 then break end
      over, at = over - tonumber(string.match(held[i], '%d+$') or 0), held[i + 1]
    end
  else
    used = redis.call('ZCARD', KEYS[2])
    local over = math.min(used + amount - count, used)
    if over > 0 then at = redis.call('ZRANGE', KEYS[2], over - 1, over - 1, 'WITHSCORES')[2] end
  end
  if at then return {LIMIT, math.max(at + window - now, 1), used, processes} end
end
if width > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
  if redis.call('ZCARD', KEYS[3]) >= width then return {BUSY, 0, used, processes} end
end
if probe > 0 and not redis.call('SET', KEYS[4], ARGV[3], 'NX', 'PX', probe) then
  return {PROBED, redis.call('PTTL', KEYS[4]) * 1000, used, processes}
end

if count > 0 then
  redis.call('ZADD', KEYS[2], now, ARGV[3])
  redis.call('PEXPIRE', KEYS[2], math.ceil(window / 1000) + 1000)
end
if width > 0 then
  redis.call('ZADD', KEYS[3], now + lease, ARGV[3])
  redis.call('PEXPIRE', KEYS[3], math.ceil(lease / 1000) + 1000)
end
return {ADMITTED, 0, used + (count > 0 and amount or 0), processes}
