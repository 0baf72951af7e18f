// SPDX-License-Identifier: BSL-1.0

// bench_read: what reading a page of 500 bounces costs, compared with Boost.JSON parsing the same text into a value.
// Prints one JSON object. With --only, one of the two alone runs, to count its instructions.

#include "protocol/read_api_reply.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/bounces.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view usage = R"(usage: bench_read [--rounds N] [--only library|parse] [--limit RATIO]
)";

constexpr int page_size = 500;

/// A page as the service returns it: all keys of a bounce, texts of the usual length.
std::string make_page()
{
    std::string page = R"({"TotalCount":7312,"Bounces":[)";
    for (int index = 0; index != page_size; ++index) {
        std::string const number = std::to_string(100'000'000 + index);
        page += index == 0 ? "{" : ",{";
        page += R"("RecordType":"Bounce","ID":)" + number;
        page += R"(,"Type":"HardBounce","TypeCode":1,"Name":"Hard bounce","Tag":"invoice-)" + number;
        page += R"(","MessageID":"7f1c2f0e-5d0b-4a0a-9a7e-000)" + number;
        page += R"(","ServerID":23,"MessageStream":"outbound","Description":"The server was unable to deliver your )"
                R"(message (ex: unknown user, mailbox not found).","Details":"smtp;550 5.1.1 The email account that )"
                R"(you tried to reach does not exist.\r\nPlease try double-checking the address.","Email":"person)";
        page += number + R"(@example.org","From":"shop@example.com","BouncedAt":"2026-03-04T05:06:07.1234567-05:00",)";
        page +=
            R"("DumpAvailable":true,"Inactive":true,"CanActivate":true,"Subject":"Your invoice )" + number + R"("})";
    }
    return page + "]}";
}

void read_by_library(std::string const& page)
{
    postmark::bounces_reply reply;
    auto const error =
        postmark::protocol::read_api_reply(200, page, reply, postmark::bounces_reply::describe(), &reply, page_size);
    if (error || reply.bounces.size() != page_size || reply.bounces.back().email.empty()) {
        throw std::runtime_error{"the page was not read: " + reply.detail};
    }
}

void parse_alone(std::string const& page)
{
    boost::json::value const value = boost::json::parse(page);
    if (value.at("Bounces").as_array().size() != page_size) {
        throw std::runtime_error{"the page was not parsed"};
    }
}

double cpu_microseconds()
{
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
}

template <class Function>
double time_of(Function function, std::string const& page)
{
    double const begin = cpu_microseconds();
    function(page);
    return cpu_microseconds() - begin;
}

double parse_number(std::string_view text)
{
    double value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value <= 0) {
        throw std::invalid_argument{std::string{usage}};
    }
    return value;
}

int run(int count, char** values)
{
    int rounds = 200;
    double limit = 0;
    std::string_view only;
    for (int index = 1; index + 1 < count; index += 2) {
        std::string_view const option{values[index]};
        if (option == "--rounds") {
            rounds = static_cast<int>(parse_number(values[index + 1]));
        } else if (option == "--limit") {
            limit = parse_number(values[index + 1]);
        } else if (option == "--only") {
            only = values[index + 1];
        } else {
            throw std::invalid_argument{std::string{usage}};
        }
    }
    std::string const page = make_page();
    // The lowest time of many rounds in turn: whatever else the machine does only adds to it.
    double library = 1e12;
    double parse = 1e12;
    for (int round = 0; round != rounds; ++round) {
        if (only != "parse") {
            library = std::min(library, time_of(read_by_library, page));
        }
        if (only != "library") {
            parse = std::min(parse, time_of(parse_alone, page));
        }
    }
    if (!only.empty()) {
        std::cout << R"({"rounds": )" << rounds << "}\n";
        return 0;
    }
    double const ratio = library / parse;
    std::cout << R"({"bytes": )" << page.size() << R"(, "library_us": )" << library << R"(, "parse_us": )" << parse
              << R"(, "ratio": )" << ratio << "}\n";
    return limit == 0 || ratio <= limit ? 0 : 1;
}

} // namespace

int main(int count, char** values)
{
    try {
        return run(count, values);
    } catch (std::exception const& error) {
        std::cerr << "bench_read: " << error.what() << '\n';
        return 2;
    }
}
