// SPDX-License-Identifier: BSL-1.0

// What became of the mail of a period, as a table: one row for each day, and the totals.
//
//   statistics [from [to]]            days as YYYY-MM-DD

#include <postmark/api/statistics.hpp>
#include <postmark/postmark.hpp>

#include <boost/asio.hpp>

#include <cstdio>
#include <map>
#include <string>

namespace asio = boost::asio;

struct day {
    std::int64_t sent = 0;
    std::int64_t bounced = 0;
    std::int64_t opens = 0;
    std::int64_t clicks = 0;
};

void print(std::string const& name, day const& counts, std::int64_t most)
{
    constexpr std::int64_t width = 30;
    std::string const bar(static_cast<std::size_t>(most > 0 ? counts.sent * width / most : 0), '#');
    std::printf("%-10s %9lld %9lld %9lld %9lld  %s\n", name.c_str(), static_cast<long long>(counts.sent),
                static_cast<long long>(counts.bounced), static_cast<long long>(counts.opens),
                static_cast<long long>(counts.clicks), bar.c_str());
}

template <class Request>
asio::awaitable<typename Request::reply_type> get(postmark::client& client, postmark::statistics_query const& period)
{
    Request request;
    static_cast<postmark::statistics_query&>(request) = period;
    co_return co_await client.async_call(request);
}

asio::awaitable<void> show(postmark::client& client, postmark::statistics_query period)
{
    auto const sent = co_await get<postmark::get_sent_counts>(client, period);
    auto const bounces = co_await get<postmark::get_bounce_counts>(client, period);
    auto const opens = co_await get<postmark::get_email_open_counts>(client, period);
    auto const clicks = co_await get<postmark::get_click_counts>(client, period);

    std::map<std::string, day> days;
    day total;
    std::int64_t most = 0;
    for (auto const& entry : sent.days) {
        days[entry.date].sent = entry.sent;
        most = std::max(most, entry.sent);
    }
    for (auto const& entry : bounces.days) {
        for (auto const& [type, count] : entry.counts) {
            days[entry.date].bounced += count;
        }
    }
    for (auto const& entry : opens.days) {
        days[entry.date].opens = entry.opens;
    }
    for (auto const& entry : clicks.days) {
        days[entry.date].clicks = entry.clicks;
    }

    std::printf("%-10s %9s %9s %9s %9s\n", "day", "sent", "bounced", "opens", "clicks");
    for (auto const& [name, counts] : days) {
        print(name, counts, most);
        total.sent += counts.sent;
        total.bounced += counts.bounced;
        total.opens += counts.opens;
        total.clicks += counts.clicks;
    }
    print("total", total, 0);
}

int main(int argc, char** argv)
{
    postmark::statistics_query period;
    period.from_date = argc > 1 ? argv[1] : "";
    period.to_date = argc > 2 ? argv[2] : "";

    asio::io_context io;
    postmark::client client{io, postmark::config::from_environment()};
    asio::co_spawn(io, show(client, period), [](std::exception_ptr error) {
        if (error) {
            std::rethrow_exception(error);
        }
    });
    io.run();
}
