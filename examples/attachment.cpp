// SPDX-License-Identifier: BSL-1.0

// Three ways to attach: bytes, a file, and an image that the text shows.
//
//   attachment [file]

#include "png.hpp"

#include <postmark/postmark.hpp>

#include <boost/asio.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>

namespace asio = boost::asio;

asio::awaitable<void> send_report(postmark::client& client, std::filesystem::path report)
{
    postmark::message msg;
    msg.to = "user@example.com";
    msg.subject = "Report";

    // Bytes. They are encoded when they are sent; the type follows from the name, unless it is given.
    msg.attach_bytes("item,price\ntea,4.20\n", "prices.csv");

    // A file. Throws if it cannot be read, is larger than a message may be, or of a type that the service refuses.
    msg.attach_file(report);

    // An image with a content id, which the HTML names.
    msg.attach_bytes(make_png(32, 32, {0x2a, 0x6f, 0xdb}), "logo.png", "image/png", "cid:logo.png");
    msg.html = R"(<p><img src="cid:logo.png" alt=""> The report and the prices are attached.</p>)";
    msg.text = "The report and the prices are attached.";

    auto receipt = co_await client.async_send(std::move(msg));
    std::cout << "sent " << receipt.message_id << '\n';
}

/// A file as a real program has it.
std::filesystem::path write_report()
{
    auto const path = std::filesystem::temp_directory_path() / "report.txt";
    std::ofstream{path} << "All is well.\n";
    return path;
}

int main(int argc, char** argv)
{
    asio::io_context io;
    postmark::client client{io, postmark::config::from_environment()};
    asio::co_spawn(io, send_report(client, argc > 1 ? argv[1] : write_report()), [](std::exception_ptr error) {
        if (error) {
            std::rethrow_exception(error);
        }
    });
    io.run();
}
