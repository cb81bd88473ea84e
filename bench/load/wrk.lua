-- Request the tokens of a file, one on each line, again and again, with the headers of Chrome in web mail.
-- wrk -s bench/load/wrk.lua URL -- FILE kept|close PAUSE. PAUSE is the mean of the exponentially distributed pauses
-- between the requests of a connection, in milliseconds. The last line of output has the results as JSON.

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
local index = 0

-- All requests are formatted in advance, so that the client uses little processor time.
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
  index = index % #requests + 1
  return requests[index]
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
