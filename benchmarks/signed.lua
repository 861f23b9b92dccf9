-- What wrk sends of signed requests, each once: WRK_SIGNED names the file of their Authorization
-- fields. A list that is used up ends in requests that are refused, and so in a run that fails.
local requests = {}
local number = 0
local expected = os.getenv("WRK_EXPECTED")
local threads = {}
wrong = 0

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  local path = os.getenv("WRK_SIGNED")
  for line in io.lines(path) do
    table.insert(requests, wrk.format("GET", nil, { ["Authorization"] = line }))
  end
  os.remove(path)
end

function request()
  number = math.min(number + 1, #requests)
  return requests[number]
end

function response(status, headers, body)
  if status ~= 200 or not body:find(expected, 1, true) then
    wrong = wrong + 1
  end
end

function done(summary, latency, requests)
  local refused = 0
  for _, thread in ipairs(threads) do
    refused = refused + thread:get("wrong")
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "wrong": %d, "lost": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests, summary.duration / 1e6, refused,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
