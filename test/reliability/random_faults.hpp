// SPDX-License-Identifier: BSL-1.0

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
    /// None: the reply arrives.
    none,
    /// Every message is refused.
    refused,
    /// Certainly not accepted, and retried.
    again,
    /// Meets no request, or loses the reply of one.
    chance,
    // Unknown, for one of these reasons.
    lost,
    late,
    malformed,
    server_error,
    wrong_count,
    too_large,
};

/// The reasons of unknown outcomes, in the order of `effect`.
inline constexpr std::array unknown_effects{effect::lost,         effect::late,        effect::malformed,
                                            effect::server_error, effect::wrong_count, effect::too_large};

/// What a fault concerns. One that would change nothing in a request is not played there, so that the sandbox's count
/// of an action says how often its effect was due.
enum class target { connection, request, request_of_one, request_of_many };

/// A kind of fault in a random run.
struct random_fault {
    /// As scripts name the action, and its parameters.
    std::string action;
    std::string parameters{};
    effect what = effect::none;
    /// How frequent it is, compared with the others.
    double weight = 1;
    target meets = target::request;
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

/// Every action of the sandbox. All variants of an action have the same effect. Where the client cannot tell whether
/// the mail was accepted, one variant accepts it and another does not: a client that claims to know is wrong half of
/// the time.
inline std::vector<random_fault> const& random_faults()
{
    static std::vector<random_fault> const all{
        {"refuse_connection", "", effect::none, 1, target::connection},
        {"close_in_handshake", "", effect::none, 1, target::connection},
        {"close_in_handshake", R"(,"reset":true)", effect::none, 1, target::connection},
        // Replies to no request: the mail goes on another connection.
        {"greeting", R"(,"status":429)", effect::none, 0.5, target::connection},
        {"greeting", "", effect::none, 0.5, target::connection},
        // Before the request, which is then retried, or after it.
        {"reset_before_request", R"(,"at":"connection")", effect::chance, 1, target::connection},

        {"raw", R"(,"keep":true,"body":")" + raw_reply("429 Too Many Requests", "") + '"', effect::again},
        {"raw", R"(,"keep":true,"body":")" + raw_reply("429 Slow", R"({"ErrorCode":429,"Message":"Slow down."})") + '"',
         effect::again},
        {"raw", R"(,"keep":true,"body":")" + raw_reply("503 Down", R"({"ErrorCode":100,"Message":"Down."})") + '"',
         effect::again},
        {"early_reply", "", effect::refused, 0.5},
        {"early_reply", R"(,"status":422,"body":{"ErrorCode":300,"Message":"No."})", effect::refused, 0.5},

        {"status", R"(,"status":500,"accept":true)", effect::server_error},
        {"status", R"(,"status":502,"close":true)", effect::server_error, 0.5},
        {"status", R"(,"status":502,"close":true,"accept":true)", effect::server_error, 0.5},
        {"status", "", effect::server_error, 0.5},
        {"status", R"(,"accept":true)", effect::server_error, 0.5},
        {"status", R"(,"status":408)", effect::server_error, 0.5},
        {"status", R"(,"status":408,"accept":true)", effect::server_error, 0.5},
        {"status", R"(,"status":302,"headers":{"Location":"/"})", effect::server_error, 0.25},
        {"status", R"(,"status":302,"headers":{"Location":"/"},"accept":true)", effect::server_error, 0.25},

        {"reset_during_request", R"(,"bytes":0)", effect::lost},
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
        // These may cross the next request on its way. Rare, so that they hide nothing else.
        {"close_when_idle", "", effect::chance, 0.1},
        {"close_when_idle", R"(,"reset":true)", effect::chance, 0.1},
        {"no_error_code", ""},

        {"garbage_json", "", effect::malformed},
        {"not_object", "", effect::malformed},
        {"empty_object", "", effect::malformed},
        {"no_message_id", "", effect::malformed},
        // As frequent in requests of one message as in those of many.
        {"null_item", "", effect::malformed, 1, target::request_of_many},
        {"wrong_item_count", R"(,"change":-1)", effect::wrong_count, 0.5, target::request_of_many},
        {"wrong_item_count", R"(,"change":1)", effect::wrong_count, 0.5, target::request_of_many},
        {"big_reply", R"(,"bytes":1100000)", effect::too_large, 0.2, target::request_of_one},
        {"delay", R"(,"ms":1)", effect::none, 1.8, target::request_of_one},
    };
    return all;
}

/// Where requests of one message go, and those of many.
inline std::vector<std::string> paths_of(target which)
{
    if (which == target::request_of_one) {
        return {"/email", "/email/withTemplate"};
    }
    if (which == target::request_of_many) {
        return {"/email/batch", "/email/batchWithTemplates"};
    }
    return {};
}

/// The share of requests, or of connections, that meet each fault.
inline std::vector<double> shares_of_faults(double percent)
{
    double of_requests = 0;
    double of_connections = 0;
    for (random_fault const& each : random_faults()) {
        if (each.meets == target::connection) {
            of_connections += each.weight;
        } else if (each.meets != target::request_of_many) {
            of_requests += each.weight;
        }
    }
    std::vector<double> shares;
    for (random_fault const& each : random_faults()) {
        shares.push_back(percent / 100 * each.weight /
                         (each.meets == target::connection ? of_connections : of_requests));
    }
    return shares;
}

/// A script in which the given share of all requests, and of all connections, meets a fault.
inline std::string random_script(unsigned seed, double percent)
{
    auto const& all = random_faults();
    auto const shares = shares_of_faults(percent);
    std::string rules;
    // A rule applies only if no earlier rule did, so later rules need a larger share of the rest. Rules for every
    // request come first.
    std::map<target, double> taken;
    auto const add = [&](std::size_t at, std::string const& path) {
        rules += std::string{rules.empty() ? "" : ","} + R"({"when":{)" +
                 (path.empty() ? "" : R"("path":")" + path + R"(",)") + R"("probability":)" +
                 std::to_string(shares[at] / (1 - taken[all[at].meets])) + R"(},"do":")" + all[at].action + '"' +
                 all[at].parameters + '}';
    };
    for (std::size_t at = 0; at != all.size(); ++at) {
        auto const paths = paths_of(all[at].meets);
        if (paths.empty()) {
            add(at, "");
        }
        for (std::string const& path : paths) {
            add(at, path);
        }
        taken[all[at].meets] += shares[at];
        if (all[at].meets == target::request) {
            taken[target::request_of_one] = taken[target::request_of_many] = taken[target::request];
        }
    }
    return R"({"seed":)" + std::to_string(seed) + R"(,"faults":[)" + rules + "]}";
}

} // namespace postmark::test

#endif
