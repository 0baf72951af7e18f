-- SPDX-License-Identifier: BSL-1.0

-- For wrk: replays one request. POST_BODY names the file with its body, POST_PATH is its path.
local file = assert(io.open(os.getenv("POST_BODY"), "rb"))
wrk.method = "POST"
wrk.path = os.getenv("POST_PATH")
wrk.body = file:read("*a")
file:close()
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json"
wrk.headers["X-Postmark-Server-Token"] = "00000000-0000-0000-0000-000000000000"

function done(summary, latency)
    local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status +
                       summary.errors.timeout
    io.write(string.format("result %d %d %.1f %.1f %d\n", summary.requests, failed, latency:percentile(50),
                           latency:percentile(99), summary.duration))
end
