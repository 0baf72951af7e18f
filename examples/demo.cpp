// SPDX-License-Identifier: BSL-1.0

// Sends mail of every kind through the sandbox, shows the receipts, and then what the sandbox holds.
//
// PYSTMARK_HOST, PYSTMARK_CA_FILE and PYSTMARK_API_KEY name the sandbox. The program sends nothing to a host that is no
// sandbox. It ends with 0 only if all results are the expected ones.

#include "png.hpp"
#include "terminal.hpp"

#include <postmark/json.hpp>
#include <postmark/postmark.hpp>

#include <boost/asio.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace asio = boost::asio;
namespace json = boost::json;
using terminal::column;

// Two endpoints that the library does not know: the sandbox's own. A request is a value that describes the HTTP
// request, a reply a value that reads the body. A new endpoint needs nothing else.

struct sandbox_stats_reply : postmark::api_reply {
    sandbox_stats_reply() = default;

    bool read(std::string_view text)
    {
        boost::system::error_code ec;
        auto const value = json::parse(text, ec);
        auto const* const object = ec ? nullptr : value.if_object();
        if (!object || !object->contains("RequestsByEndpoint")) {
            return false;
        }
        for (auto const& [name, member] : *object) {
            if (member.is_int64()) {
                counts[name] = member.get_int64();
            }
        }
        for (auto const& [path, count] : object->at("RequestsByEndpoint").as_object()) {
            requests[path] = count.as_int64();
        }
        return true;
    }

    std::map<std::string, std::int64_t> counts;
    std::map<std::string, std::int64_t> requests;
};

struct get_sandbox_stats {
    using reply_type = sandbox_stats_reply;

    get_sandbox_stats() = default;

    postmark::api_request prepare() const { return {postmark::http_method::get, "/__sandbox/stats"}; }
};

struct sandbox_message {
    std::string message_id;
    std::string endpoint;
    std::string to;
    std::string subject;
    std::size_t attachments = 0;
};

struct sandbox_messages_reply : postmark::api_reply {
    sandbox_messages_reply() = default;

    bool read(std::string_view text)
    try {
        auto const value = json::parse(text);
        total = value.at("TotalCount").as_int64();
        for (auto const& item : value.at("Messages").as_array()) {
            auto& added = messages.emplace_back();
            added.message_id = item.at("MessageID").as_string();
            added.endpoint = item.at("Endpoint").as_string();
            added.subject = item.at("Subject").as_string();
            added.attachments = item.at("Attachments").as_array().size();
            for (auto const& address : item.at("To").as_array()) {
                added.to += (added.to.empty() ? "" : ", ") + std::string{address.as_string()};
            }
        }
        return true;
    } catch (std::exception const&) {
        return false;
    }

    std::int64_t total = 0;
    std::vector<sandbox_message> messages;
};

struct get_sandbox_messages {
    using reply_type = sandbox_messages_reply;

    get_sandbox_messages() = default;
    get_sandbox_messages(std::size_t first, std::size_t most)
        : offset{first}
        , count{most}
    {
    }

    postmark::api_request prepare() const
    {
        return {postmark::http_method::get,
                "/__sandbox/messages?offset=" + std::to_string(offset) + "&count=" + std::to_string(count)};
    }

    std::size_t offset = 0;
    std::size_t count = 500;
};

/// Shows each item of a reply to a batch.
class progress : public postmark::observer {
public:
    void on_attempt(postmark::attempt_event const& event) override
    {
        if (!wanted) {
            return;
        }
        terminal::progress("request " + std::to_string(++requests) + ": " + terminal::grouped(event.request_bytes) +
                           " bytes out, " + terminal::grouped(event.reply_bytes) + " bytes back, " +
                           terminal::milliseconds(event.duration));
    }

    bool wanted = false;
    int requests = 0;
};

class demo {
public:
    demo(postmark::client& client, progress& shown)
        : client_{client}
        , shown_{shown}
    {
    }

    asio::awaitable<void> run()
    {
        // Anything but a sandbox replies 404, and nothing has been sent then.
        auto const before = co_await client_.async_call(get_sandbox_messages{0, 0});
        held_before_ = static_cast<std::size_t>(before.total);

        co_await send_welcome();
        co_await send_attachments();
        co_await send_template();
        co_await send_batch();
        co_await show_sandbox();
        co_await client_.async_drain(std::chrono::seconds{10});
        summarise();
    }

    bool as_expected() const { return failures_ == 0; }

private:
    asio::awaitable<void> send_welcome()
    {
        terminal::heading("One mail");
        postmark::message msg;
        msg.to = postmark::mailbox{"ann@example.com", "Ann"};
        msg.subject = "Welcome";
        msg.text = "Good to have you.";
        co_await send_one(std::move(msg));
    }

    asio::awaitable<void> send_attachments()
    {
        terminal::heading("A mail with an attachment and an image in the text");
        postmark::message msg;
        msg.to = "ann@example.com";
        msg.subject = "Your prices";
        msg.html = R"(<p><img src="cid:logo.png" alt=""> The prices are attached.</p>)";
        msg.attach_bytes("item,price\ntea,4.20\ncup,7.00\n", "prices.csv");
        msg.attach_bytes(make_png(32, 32, {0x2a, 0x6f, 0xdb}), "logo.png", "image/png", "cid:logo.png");
        co_await send_one(std::move(msg));
    }

    asio::awaitable<void> send_template()
    {
        terminal::heading("A mail from the template \"welcome\"");
        postmark::message msg;
        msg.to = "ann@example.com";
        msg.template_alias = "welcome";
        postmark::set_template_model(msg, {{"name", "Ann"}});
        co_await send_one(std::move(msg));
    }

    asio::awaitable<void> send_one(postmark::message msg)
    {
        terminal::stopwatch const watch;
        auto [ec, receipt] = co_await client_.async_send(std::move(msg), asio::as_tuple(asio::use_awaitable));
        note(receipt);
        terminal::row({{"outcome", 10}, {terminal::coloured(receipt.outcome), 0}});
        if (ec) {
            terminal::row({{"error", 10}, {ec.message(), 0}});
        }
        terminal::row({{"message id", 10}, {receipt.message_id, 0}});
        terminal::row({{"to", 10}, {receipt.to, 0}});
        terminal::row({{"time", 10}, {watch.shown(), 0}});
        expect(!ec, "the mail is accepted");
    }

    asio::awaitable<void> send_batch()
    {
        constexpr std::size_t size = 1200;
        terminal::heading("A batch of " + terminal::grouped(size) + " mails, some of them bad");
        std::vector<postmark::message> messages;
        std::size_t bad = 0;
        for (std::size_t number = 1; number <= size; ++number) {
            postmark::message msg;
            msg.to = "reader" + std::to_string(number) + "@example.com";
            msg.subject = "News of the week";
            msg.text = "Dear reader " + std::to_string(number) + ",\nthere is no news.\n";
            msg.tag = "newsletter";
            if (number % 300 == 50) {
                msg.to = "reader" + std::to_string(number);
            } else if (number % 300 == 150) {
                msg.attach_bytes("MZ", "invitation.exe");
            } else if (number % 300 == 250) {
                msg.to = "gone@recipient.example"; // suppressed: an earlier mail to it bounced
            } else if (number % 300 == 299) {
                msg.cc = "gone@recipient.example"; // will be accepted, but only for the other recipient
            }
            bad += number % 300 == 50 || number % 300 == 150 || number % 300 == 250;
            messages.push_back(std::move(msg));
        }

        terminal::stopwatch const watch;
        shown_.wanted = true;
        auto [ec, receipts] =
            co_await client_.async_send_batch(std::move(messages), asio::as_tuple(asio::use_awaitable));
        shown_.wanted = false;
        auto const time = watch.shown();
        terminal::end_progress();

        std::map<postmark::outcome, std::size_t> outcomes;
        std::map<std::pair<int, std::string>, std::vector<std::size_t>> refusals;
        std::size_t partly = 0;
        for (std::size_t index = 0; index < receipts.size(); ++index) {
            auto const& receipt = receipts[index];
            note(receipt);
            ++outcomes[receipt.outcome];
            partly += receipt.outcome == postmark::outcome::accepted && !receipt.suppressed.empty();
            if (receipt.error) {
                refusals[{receipt.api_code, receipt.error.message()}].push_back(index + 1);
            }
        }

        using enum postmark::outcome;
        for (auto outcome : {accepted, rejected, not_sent, unknown}) {
            terminal::row({{terminal::coloured(outcome), 10}, {terminal::grouped(outcomes[outcome]), -6}});
        }
        terminal::row({{"time", 10}, {time, 0}});
        terminal::line();
        terminal::row({{"ErrorCode", 9}, {"count", -6}, {"reason", 46}, {"messages", 0}});
        for (auto const& [reason, numbers] : refusals) {
            std::string list;
            for (auto number : numbers) {
                list += (list.empty() ? "" : ", ") + std::to_string(number);
            }
            terminal::row({{std::to_string(reason.first), 9},
                           {std::to_string(numbers.size()), -6},
                           {reason.second, 46},
                           {list, 0}});
        }
        terminal::line(std::to_string(partly) + " accepted mails will not reach all of their recipients");

        expect(!ec, "each message of the batch has a reply of its own");
        expect(receipts.size() == size, "each message has its receipt");
        expect(outcomes[rejected] == bad && outcomes[accepted] == size - bad,
               "the bad messages are refused, and only those");
        expect(refusals.size() == 3, "each for its own reason");
        expect(partly == size / 300, "partial suppression shows in the receipt");
    }

    asio::awaitable<void> show_sandbox()
    {
        terminal::heading("What the sandbox holds");
        terminal::stopwatch const watch;
        std::vector<sandbox_message> held;
        std::size_t total = held_before_;
        do {
            auto page = co_await client_.async_call(get_sandbox_messages{held_before_ + held.size(), 500});
            total = static_cast<std::size_t>(page.total);
            if (page.messages.empty()) {
                break;
            }
            std::ranges::move(page.messages, std::back_inserter(held));
            terminal::progress("read " + terminal::grouped(held.size()) + " messages");
        } while (held_before_ + held.size() < total);
        auto const stats = co_await client_.async_call(get_sandbox_stats{});
        auto const time = watch.shown();
        terminal::end_progress();

        terminal::row({{"message id", 36}, {"endpoint", 19}, {"to", 22}, {"files", -5}, {"subject", 0}});
        constexpr std::size_t few = 8;
        for (std::size_t index = 0; index < std::min(few, held.size()); ++index) {
            auto const& message = held[index];
            terminal::row({{message.message_id, 36},
                           {message.endpoint, 19},
                           {message.to, 22},
                           {std::to_string(message.attachments), -5},
                           {message.subject, 0}});
        }
        if (held.size() > few) {
            terminal::line("... and " + terminal::grouped(held.size() - few) + " more");
        }
        terminal::line();
        for (auto const& [path, count] : stats.requests) {
            terminal::row({{path, 20}, {std::to_string(count) + (count == 1 ? " request" : " requests"), 0}});
        }
        terminal::row({{"connections", 20}, {std::to_string(stats.counts.at("Connections")), 0}});
        terminal::row({{"time", 20}, {time, 0}});

        std::set<std::string> ids;
        for (auto const& message : held) {
            ids.insert(message.message_id);
        }
        expect(ids == accepted_, "what was accepted is there, once, and nothing else");
        expect(held.size() == accepted_.size(), "no mail was sent twice");
        bool const rendered =
            std::ranges::any_of(held, [](auto const& message) { return message.subject == "Welcome, Ann"; });
        expect(rendered, "the template was filled in");
    }

    void note(postmark::receipt const& receipt)
    {
        if (receipt.outcome == postmark::outcome::accepted) {
            accepted_.insert(receipt.message_id);
        }
    }

    void expect(bool condition, std::string const& what)
    {
        terminal::check(condition, what);
        failures_ += condition ? 0 : 1;
    }

    void summarise() const
    {
        terminal::line();
        terminal::check(failures_ == 0,
                        failures_ == 0
                            ? "everything as expected: " + terminal::grouped(accepted_.size()) + " mails accepted"
                            : std::to_string(failures_) + " checks failed");
    }

    postmark::client& client_;
    progress& shown_;
    std::size_t held_before_ = 0;
    std::set<std::string> accepted_;
    int failures_ = 0;
};

int main()
try {
    auto config = postmark::config::from_environment();
    if (!config.default_sender) {
        config.default_sender = postmark::mailbox{"demo@example.com", "Demo"};
    }
    auto const shown = std::make_shared<progress>();
    config.observer = shown;
    std::cout << "Postmark demo against " << config.host << ", port " << config.effective_port() << '\n';

    asio::io_context io;
    postmark::client client{io, std::move(config)};
    demo work{client, *shown};
    asio::co_spawn(io, work.run(), [](std::exception_ptr error) {
        if (error) {
            std::rethrow_exception(error);
        }
    });
    io.run();
    return work.as_expected() ? 0 : 1;
} catch (postmark::call_error const& error) {
    std::cerr << "demo: no sandbox responds there: " << error.what() << "; " << error.detail() << '\n';
    return 1;
} catch (std::exception const& error) {
    std::cerr << "demo: " << error.what() << '\n';
    return 1;
}
