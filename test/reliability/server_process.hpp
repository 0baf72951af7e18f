// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_SERVER_PROCESS_HPP
#define POSTMARK_TEST_SERVER_PROCESS_HPP

#include <postmark/config.hpp>
#include <postmark/sandbox.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace postmark::test {

/// A sandbox in a process of its own, so that memory, descriptors and time of this process are the client's. To be
/// constructed while the process has one thread.
class server_process {
public:
    /// The sandbox's counts at the end.
    struct report {
        std::uint64_t requests = 0;
        std::uint64_t connections = 0;
        std::map<std::string, std::uint64_t> requests_by_endpoint;
        std::map<std::string, std::uint64_t> faults;
    };

    /// A message that the sandbox accepted.
    struct acceptance {
        /// From its metadata (`n`).
        std::size_t number = 0;
        std::string message_id;
        std::string endpoint;
    };

    explicit server_process(std::string const& faults)
    {
        int to_child[2];
        int from_child[2];
        if (pipe(to_child) != 0 || pipe(from_child) != 0) {
            throw std::runtime_error{"no pipe"};
        }
        child_ = fork();
        if (child_ < 0) {
            throw std::runtime_error{"no process"};
        }
        if (child_ == 0) {
            close(to_child[1]);
            close(from_child[0]);
            serve(fdopen(to_child[0], "r"), fdopen(from_child[1], "w"), faults);
            // The child runs no destructor of the parent's objects.
            std::_Exit(0);
        }
        close(to_child[0]);
        close(from_child[1]);
        commands_ = fdopen(to_child[1], "w");
        replies_ = fdopen(from_child[0], "r");
        port_ = static_cast<std::uint16_t>(std::stoul(line()));
        ca_file_ = line();
    }

    server_process(server_process const&) = delete;
    server_process& operator=(server_process const&) = delete;

    /// Ends the process.
    ~server_process()
    {
        std::fclose(commands_);
        std::fclose(replies_);
        waitpid(child_, nullptr, 0);
    }

    /// Configuration of a client of this server.
    [[nodiscard]] config client_config() const
    {
        config made;
        made.api_key = "reliability-token";
        made.host = "127.0.0.1";
        made.port = port_;
        made.tls.ca_file = ca_file_;
        made.default_sender = "shop@example.org";
        return made;
    }

    /// Waits until no connection is open, so that nothing is accepted any more. `visit` gets each accepted message, in
    /// order of acceptance; the messages of one request are consecutive.
    report finish(std::function<void(acceptance const&)> const& visit)
    {
        std::fputs("report\n", commands_);
        std::fflush(commands_);
        if (line() != "quiet") {
            throw std::runtime_error{"the sandbox still has connections"};
        }
        report result;
        result.requests = std::stoull(line());
        result.connections = std::stoull(line());
        for (auto* const counts : {&result.requests_by_endpoint, &result.faults}) {
            for (std::string name = line(); !name.empty(); name = line()) {
                (*counts)[name] = std::stoull(line());
            }
        }
        acceptance each;
        for (std::string number = line(); !number.empty(); number = line()) {
            each.number = std::stoul(number);
            each.message_id = line();
            each.endpoint = line();
            visit(each);
        }
        return result;
    }

private:
    static void serve(std::FILE* commands, std::FILE* replies, std::string const& faults)
    {
        sandbox::settings settings;
        settings.keep_bodies = false;
        settings.seeds = true;
        sandbox::server server{settings};
        server.set_faults(faults);
        std::fprintf(replies, "%u\n%s\n", unsigned{server.port()}, server.ca_file().c_str());
        std::fflush(replies);
        char command[16];
        // The end of the pipe is the end of the parent.
        while (std::fgets(command, sizeof command, commands) != nullptr) {
            bool const quiet =
                server.wait_until([](auto const& now) { return now.open_connections == 0; }, std::chrono::seconds{60});
            auto const stats = server.stats();
            std::fprintf(replies, "%s\n%llu\n%llu\n", quiet ? "quiet" : "busy",
                         static_cast<unsigned long long>(stats.requests),
                         static_cast<unsigned long long>(stats.connections));
            for (auto const* const counts : {&stats.requests_by_endpoint, &stats.faults_by_action}) {
                for (auto const& [name, count] : *counts) {
                    std::fprintf(replies, "%s\n%llu\n", name.c_str(), static_cast<unsigned long long>(count));
                }
                std::fputs("\n", replies);
            }
            server.for_each_message([&](sandbox::stored_message const& each) {
                std::fprintf(replies, "%s\n%s\n%s\n", each.metadata.at("n").c_str(), each.message_id.c_str(),
                             each.endpoint.c_str());
            });
            std::fputs("\n", replies);
            std::fflush(replies);
        }
    }

    std::string line()
    {
        char text[4096];
        if (std::fgets(text, sizeof text, replies_) == nullptr) {
            throw std::runtime_error{"the sandbox has died"};
        }
        std::string_view read{text};
        read.remove_suffix(read.ends_with('\n') ? 1 : 0);
        return std::string{read};
    }

    pid_t child_ = -1;
    std::FILE* commands_ = nullptr;
    std::FILE* replies_ = nullptr;
    std::uint16_t port_ = 0;
    std::string ca_file_;
};

} // namespace postmark::test

#endif
