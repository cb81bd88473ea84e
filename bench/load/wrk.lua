-- Ask for each line of a file of tokens in turn, as Chrome does that was sent there by a webmail, and begin again.
-- wrk -s bench/load/wrk.lua URL -- FILE kept|close PAUSE; the last line of output is the round's figures as JSON, times in
-- microseconds. Each connection pauses before a request: PAUSE milliseconds on average, as long as chance will have it.

local headers = {
  ["sec-ch-ua"] = '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
  ["sec-ch-ua-mobile"] = "?0",
  ["sec-ch-ua-platform"] = '"Windows"',
  ["Upgrade-Insecure-Requests"] = "1",
  ["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    .. "Chrome/142.0.0.0 Safari/537.36",
  ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    .. "application/signed-exchange;v=b3;q=0.7",
  ["Sec-Fetch-Site"] = "cross-site",
  ["Sec-Fetch-Mode"] = "navigate",
  ["Sec-Fetch-User"] = "?1",
  ["Sec-Fetch-Dest"] = "document",
  ["Accept-Encoding"] = "gzip, deflate, br, zstd",
  ["Accept-Language"] = "en-GB,en;q=0.9,de;q=0.8",
}

local requests = {}
local turn = 0

-- Everything is written out before the first request: the load must cost as little as it can.
function init(args)
  if args[2] == "close" then
    headers["Connection"] = "close"
  end
  for token in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", "/" .. token, headers)
  end
  local pause = tonumber(args[3])
  if pause > 0 then
    function delay()
      return -math.log(1 - math.random()) * pause
    end
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"errors":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status,
    latency:percentile(50), latency:percentile(99)
  ))
end
