#ifndef POSTMARK_TEST_FAULT_SCRIPT_HPP
#define POSTMARK_TEST_FAULT_SCRIPT_HPP

#include <string>

namespace postmark::test {

/// A script in which about `percent` of all requests meet a fault, all kinds of faults with the same share.
///
/// `stall` is as frequent as the others, so the timeouts of the client decide how long a run takes.
inline std::string mixed_faults(unsigned seed, double percent)
{
    static constexpr char const* actions[] = {
        R"("do":"status","status":429,"headers":{"Retry-After":"0"})",
        R"("do":"status","status":503,"body":{"ErrorCode":100,"Message":"Maintenance."})",
        R"("do":"raw","body":"HTTP/1.1 500 Fault\r\nContent-Length: 35\r\n\r\n{\"ErrorCode\":101,\"Message\":\"Fault\"}","accept":true,"keep":true)",
        R"("do":"raw","body":"HTTP/1.1 502 Bad gateway\r\nContent-Length: 13\r\n\r\n<html></html>","accept":false,"keep":true)",
        R"("do":"reset_before_request","at":"request")",
        R"("do":"reset_during_request","bytes":100)",
        R"("do":"reset_after_request","accept":true)",
        R"("do":"reset_after_request","accept":false)",
        R"("do":"close_after_request","accept":true)",
        R"("do":"reset_during_reply","bytes":40)",
        R"("do":"truncate_reply","bytes":-5)",
        R"("do":"stall","accept":true)",
        R"("do":"close_when_idle")",
        R"("do":"connection_close")",
        R"("do":"chunked","bytes":7)",
        R"("do":"interim","status":100)",
        R"("do":"extra_bytes","body":"surplus")",
        R"("do":"garbage_json")",
        R"("do":"delay","ms":3)",
        R"("do":"slow_read","bytes":200,"ms":1)",
    };
    double const count = sizeof actions / sizeof *actions;
    std::string rules;
    // Each rule is asked only if those before it did not apply: the later ones need a larger share of what is left.
    double left = 1.0;
    double const share = percent / 100.0 / count;
    for (char const* const action : actions) {
        rules += (rules.empty() ? "" : ",") + std::string{R"({"when":{"probability":)"} + std::to_string(share / left) +
                 "}," + action + "}";
        left -= share;
    }
    return R"({"seed":)" + std::to_string(seed) + R"(,"faults":[)" + rules + "]}";
}

} // namespace postmark::test

#endif
