-- The requests of wrk. Arguments: a file with one text per line, and the first number. Each text gets the next number
-- appended, so that none is in the cache; without a first number the texts repeat. Prints the measurements as JSON.
local texts, count, cached = {}, 0, false

function init(args)
  count = tonumber(args[2]) or 0
  cached = args[2] == nil
  for line in io.lines(args[1]) do texts[#texts + 1] = line end
  wrk.method = "POST"
  wrk.headers["content-type"] = "application/json"
end

-- The lines of the file are JSON strings without the closing quote.
function request()
  count = count + 1
  local text = texts[count % #texts + 1]
  return wrk.format(nil, nil, nil, '{"text":' .. text .. (cached and "" or " " .. count) .. '"}')
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('\nJSON {"requests":%d,"seconds":%f,"failed":%d,"p50":%f,"p99":%f}\n',
    summary.requests, summary.duration / 1e6, failed, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
