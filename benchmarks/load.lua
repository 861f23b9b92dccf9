-- What wrk sends, and what it takes for an answer: WRK_BODY and WRK_AUTHORIZATION come from the
-- runner, WRK_EXPECTED stands in every right answer.
wrk.method = os.getenv("WRK_METHOD")
wrk.body = os.getenv("WRK_BODY")
wrk.headers["Authorization"] = os.getenv("WRK_AUTHORIZATION")
if wrk.body then
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end

local expected = os.getenv("WRK_EXPECTED")
local threads = {}
wrong = 0

function setup(thread)
  table.insert(threads, thread)
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
