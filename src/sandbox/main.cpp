// SPDX-License-Identifier: BSL-1.0

// postmark-sandbox: the local Postmark as a program.

#include <postmark/sandbox.hpp>

#include <charconv>
#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view usage = R"(usage: postmark-sandbox [options]

A local Postmark, for tests and demonstrations. Prints one line when it is ready:
  listening host=127.0.0.1 port=... ca=...

  --port N       port to listen on (default: a free one)
  --host H       numeric address to listen on (default: 127.0.0.1)
  --plain        plain HTTP instead of TLS
  --token T      a valid server token; may be repeated (default: any that is not empty)
  --account-token T
                 a valid account token; may be repeated (default: any that is not empty)
  --name HOST    a further host name or address of the certificate; may be repeated
  --ca FILE      where to write the authority's certificate (default: a temporary file)
  --faults FILE  JSON script of faults to play
  --threads N    threads that serve connections (default: 1)
  --no-bodies    keep only recipients, stream, tag and metadata of each message
  --seeds        start with a few bounces, suppressed addresses and templates
  --routes       list the endpoints and exit
  --help         print this text and exit
  --version      print the version and exit
)";

class bad_usage : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct arguments {
    arguments() = default;

    postmark::sandbox::settings settings;
    std::string faults;
    bool help{false};
    bool routes{false};
    bool version{false};
};

template <class Number>
Number parse_number(std::string_view option, std::string_view text, Number minimum, Number maximum)
{
    Number value{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < minimum || value > maximum) {
        throw bad_usage{std::string{option} + " needs a number from " + std::to_string(minimum) + " to " +
                        std::to_string(maximum)};
    }
    return value;
}

arguments parse_arguments(int count, char** values)
{
    arguments result;
    for (int index = 1; index < count; ++index) {
        std::string_view const option{values[index]};
        auto const value = [&]() -> std::string_view {
            if (index + 1 == count) {
                throw bad_usage{std::string{option} + " needs a value"};
            }
            return values[++index];
        };
        if (option == "--port") {
            result.settings.port = parse_number<std::uint16_t>(option, value(), 0, 65535);
        } else if (option == "--host") {
            result.settings.host = value();
        } else if (option == "--plain") {
            result.settings.tls = false;
        } else if (option == "--token") {
            result.settings.tokens.emplace_back(value());
        } else if (option == "--account-token") {
            result.settings.account_tokens.emplace_back(value());
        } else if (option == "--name") {
            result.settings.names.emplace_back(value());
        } else if (option == "--seeds") {
            result.settings.seeds = true;
        } else if (option == "--routes") {
            result.routes = true;
        } else if (option == "--ca") {
            result.settings.ca_file = value();
        } else if (option == "--faults") {
            result.faults = value();
        } else if (option == "--threads") {
            result.settings.threads = parse_number<unsigned>(option, value(), 1, 256);
        } else if (option == "--no-bodies") {
            result.settings.keep_bodies = false;
        } else if (option == "--help") {
            result.help = true;
        } else if (option == "--version") {
            result.version = true;
        } else {
            throw bad_usage{"unknown option " + std::string{option}};
        }
    }
    return result;
}

std::string read_file(std::string const& path)
{
    std::ifstream file{path, std::ios::binary};
    std::string content{std::istreambuf_iterator<char>{file}, {}};
    if (!file) {
        throw bad_usage{"cannot read " + path};
    }
    return content;
}

int run(arguments const& options)
{
    // Blocked before any thread starts, so that only sigwait receives the signals.
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);

    auto const script = options.faults.empty() ? std::string{} : read_file(options.faults);
    postmark::sandbox::server server{options.settings};
    try {
        server.set_faults(script);
    } catch (std::invalid_argument const& error) {
        throw bad_usage{options.faults + ": " + error.what()};
    }
    std::cout << "listening host=" << server.host() << " port=" << server.port()
              << " ca=" << (server.ca_file().empty() ? "-" : server.ca_file()) << std::endl;
    int signal = 0;
    sigwait(&ending, &signal);
    return 0;
}

} // namespace

int main(int count, char** values)
{
    try {
        auto const options = parse_arguments(count, values);
        if (options.help) {
            std::cout << usage;
        } else if (options.routes) {
            for (auto const& route : postmark::sandbox::routes()) {
                std::cout << route << '\n';
            }
        } else if (options.version) {
            std::cout << "postmark-sandbox " POSTMARK_SANDBOX_VERSION "\n";
        } else {
            return run(options);
        }
        return 0;
    } catch (bad_usage const& error) {
        std::cerr << "postmark-sandbox: " << error.what() << "\nTry postmark-sandbox --help\n";
        return 2;
    } catch (std::exception const& error) {
        std::cerr << "postmark-sandbox: " << error.what() << '\n';
        return 1;
    }
}
