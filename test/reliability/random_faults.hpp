#ifndef POSTMARK_TEST_RANDOM_FAULTS_HPP
#define POSTMARK_TEST_RANDOM_FAULTS_HPP

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::test {

/// What a fault does to the outcome of the messages of the request that it meets.
enum class effect {
    /// Nothing: the answer arrives, or the request is tried again because it certainly was not accepted.
    none,
    /// Refused, whatever the message is like.
    refused,
    // Unknown, for one of these reasons.
    lost,
    late,
    malformed,
    server_error,
    wrong_count,
    too_large,
};

/// The reasons for not knowing, in the order of `effect`.
inline constexpr std::array unknown_effects{effect::lost,         effect::late,        effect::malformed,
                                            effect::server_error, effect::wrong_count, effect::too_large};

/// A kind of fault in a random run.
struct random_fault {
    /// As scripts name the action, and its parameters.
    std::string action;
    std::string parameters{};
    effect what = effect::none;
    /// How frequent it is, compared with the others.
    double weight = 1;
    bool of_connection = false;
};

/// Whole replies of the service.
inline std::string raw_reply(std::string const& status, std::string const& body)
{
    std::string text = "HTTP/1.1 " + status + "\\r\\nRetry-After: 0\\r\\nContent-Length: ";
    // The quotes are escaped in the script, not in the reply.
    std::size_t size = 0;
    std::string escaped;
    for (char const each : body) {
        ++size;
        escaped += each == '"' ? std::string{"\\\""} : std::string{each};
    }
    return text + std::to_string(size) + "\\r\\n\\r\\n" + escaped;
}

/// Every action of the sandbox. All variants of an action have the same effect, so that the sandbox's count of an
/// action says how often that effect was due; `raw` and `early_reply` never leave anything unknown.
inline std::vector<random_fault> const& random_faults()
{
    static std::vector<random_fault> const all{
        {"refuse_connection", "", effect::none, 1, true},
        {"close_in_handshake", "", effect::none, 1, true},
        {"close_in_handshake", R"(,"reset":true)", effect::none, 1, true},
        {"reset_before_request", R"(,"at":"connection")", effect::lost, 1, true},

        {"raw", R"(,"keep":true,"body":")" + raw_reply("429 Too Many Requests", "") + '"'},
        {"raw",
         R"(,"keep":true,"body":")" + raw_reply("429 Slow", R"({"ErrorCode":429,"Message":"Slow down."})") + '"'},
        {"raw", R"(,"keep":true,"body":")" + raw_reply("503 Down", R"({"ErrorCode":100,"Message":"Down."})") + '"'},
        {"raw", R"(,"keep":true,"body":")" + raw_reply("422 No", R"({"ErrorCode":300,"Message":"No."})") + '"',
         effect::refused, 0.5},
        {"early_reply", "", effect::refused, 0.5},
        {"early_reply", R"(,"status":429,"headers":{"Retry-After":"0"})"},

        {"status", R"(,"status":500,"accept":true)", effect::server_error},
        {"status", R"(,"status":502,"close":true)", effect::server_error},
        {"status", "", effect::server_error},
        {"status", R"(,"status":408)", effect::server_error, 0.5},
        {"status", R"(,"status":302,"headers":{"Location":"/"})", effect::server_error, 0.5},

        {"reset_before_request", "", effect::lost},
        {"reset_during_request", R"(,"bytes":100)", effect::lost},
        {"reset_after_request", R"(,"accept":true)", effect::lost},
        {"reset_after_request", R"(,"accept":false)", effect::lost},
        {"close_after_request", "", effect::lost},
        {"close_after_request", R"(,"accept":false,"close_notify":false)", effect::lost},
        {"reset_during_reply", R"(,"bytes":40)", effect::lost},
        {"truncate_reply", R"(,"bytes":-5)", effect::lost},
        // Each costs its connection the whole timeout.
        {"stall", R"(,"at":"before")", effect::late, 0.1},
        {"stall", R"(,"at":"after","accept":true)", effect::late, 0.1},

        {"slow_read", R"(,"bytes":4096,"ms":1)"},
        {"slow_reply", R"(,"bytes":100,"ms":0)"},
        {"delay", R"(,"ms":3)"},
        {"interim", ""},
        {"interim", R"(,"status":100)"},
        {"chunked", R"(,"bytes":7,"trailers":true)"},
        {"no_length", ""},
        {"extra_bytes", R"(,"body":"surplus")"},
        {"connection_close", ""},
        // These may cost the next request on the connection its answer. Rare, so that they hide nothing else.
        {"close_when_idle", "", effect::none, 0.1},
        {"close_when_idle", R"(,"reset":true)", effect::none, 0.1},
        {"no_error_code", ""},

        {"garbage_json", "", effect::malformed},
        {"not_object", "", effect::malformed},
        {"empty_object", "", effect::malformed},
        {"no_message_id", "", effect::malformed},
        {"null_item", "", effect::malformed},
        // These concern only one way to send each.
        {"wrong_item_count", R"(,"change":-1)", effect::wrong_count},
        {"wrong_item_count", R"(,"change":1)", effect::wrong_count},
        {"big_reply", R"(,"bytes":1100000)", effect::too_large, 0.2},
    };
    return all;
}

/// The share of the requests, or of the connections, that meet each of them.
inline std::vector<double> shares_of_faults(double percent)
{
    auto const& all = random_faults();
    double of_requests = 0;
    double of_connections = 0;
    for (auto const& each : all)
        (each.of_connection ? of_connections : of_requests) += each.weight;
    std::vector<double> shares;
    for (auto const& each : all)
        shares.push_back(percent / 100 * each.weight / (each.of_connection ? of_connections : of_requests));
    return shares;
}

/// A script in which so many of all requests meet a fault, and so many of all connections.
inline std::string random_script(unsigned seed, double percent)
{
    auto const& all = random_faults();
    auto const shares = shares_of_faults(percent);
    std::string rules;
    // Each rule is asked only if those before it did not apply: the later ones need a larger share of what is left.
    double left_of_requests = 1;
    double left_of_connections = 1;
    for (std::size_t at = 0; at != all.size(); ++at) {
        double& left = all[at].of_connection ? left_of_connections : left_of_requests;
        rules += (at == 0 ? R"({"when":{"probability":)" : R"(,{"when":{"probability":)") +
                 std::to_string(shares[at] / left) + R"(},"do":")" + all[at].action + '"' + all[at].parameters + '}';
        left -= shares[at];
    }
    return R"({"seed":)" + std::to_string(seed) + R"(,"faults":[)" + rules + "]}";
}

} // namespace postmark::test

#endif
