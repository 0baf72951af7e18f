// SPDX-License-Identifier: BSL-1.0

#include "model/limits.hpp"
#include "model/validation.hpp"

#include <postmark/message.hpp>

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

BOOST_AUTO_TEST_SUITE(model_message)

namespace {

using postmark::attachment;
using postmark::errc;
using postmark::mail_header;
using postmark::message;

/// Creates a folder for each test, and removes it afterwards.
struct scratch_folder {
    scratch_folder()
        : path{std::filesystem::temp_directory_path() / ("postmark-model-" + std::to_string(::getpid()))}
    {
        std::filesystem::create_directories(path);
    }
    ~scratch_folder() { std::filesystem::remove_all(path); }

    std::filesystem::path write(std::string const& name, std::string const& content) const
    {
        std::ofstream{path / name, std::ios::binary} << content;
        return path / name;
    }

    std::filesystem::path path;
};

} // namespace

BOOST_AUTO_TEST_CASE(headers_and_bytes_are_added)
{
    message msg;
    msg.add_header("X-Order", "17")
        .attach_bytes(std::string_view{"a\0b", 3}, "a.bin.txt")
        .attach_bytes("x", "logo.png", "image/png", "cid:logo");
    BOOST_TEST((msg.headers == std::vector<mail_header>{{"X-Order", "17"}}));
    BOOST_TEST((msg.attachments == std::vector<attachment>{{"a.bin.txt", std::string("a\0b", 3)},
                                                           {"logo.png", "x", "image/png", "cid:logo"}}));
}

BOOST_AUTO_TEST_CASE(recipients_are_the_addresses_in_order)
{
    message msg;
    msg.to = "Ann <a@x.org>, b@x.org";
    msg.cc = "c@x.org";
    msg.bcc = "\"D, E\" <d@x.org>";
    msg.reply_to = "r@x.org";
    BOOST_TEST(msg.recipients() == (std::vector<std::string>{"a@x.org", "b@x.org", "c@x.org", "d@x.org"}),
               boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(files_are_attached, scratch_folder)
{
    std::string const content("PDF\0\r\n\xff", 7);
    auto const file = write("Report.pdf", content);

    message msg;
    postmark::error_code error = errc::queue_full;
    msg.attach_file(file)
        .attach_file(file, "a/b")
        .attach_file(file, "a/b", "cid:x")
        .attach_file(file, error)
        .attach_file(file, "a/b", error)
        .attach_file(file, "a/b", "cid:x", error);
    BOOST_TEST(!error);
    for (auto const& entry : std::filesystem::directory_iterator{path}) {
        message other;
        other.attach_file(entry).attach_file(file.string());
        BOOST_TEST((other.attachments == std::vector<attachment>(2, {"Report.pdf", content})));
    }
    attachment const plain{"Report.pdf", content};
    attachment const typed{"Report.pdf", content, "a/b"};
    attachment const inlined{"Report.pdf", content, "a/b", "cid:x"};
    BOOST_TEST((msg.attachments == std::vector<attachment>{plain, typed, inlined, plain, typed, inlined}));
}

BOOST_FIXTURE_TEST_CASE(files_that_cannot_be_attached, scratch_folder)
{
    using postmark::model::max_attachment_bytes;
    BOOST_TEST(postmark::model::base64_size(max_attachment_bytes) == postmark::model::max_message_bytes);
    auto const largest = write("largest.txt", std::string(max_attachment_bytes, 'x'));
    auto const unreadable = write("unreadable.txt", "x");
    std::filesystem::permissions(unreadable, std::filesystem::perms::none);

    struct {
        std::filesystem::path file;
        char const* reason;
    } const refused[] = {
        {path / "missing.txt", "no such file"},
        {path, "not a regular file"},
        {write("setup.EXE", "x"), "refuses"},
        {write("run.exe.", "x"), "refuses"},
        {write("empty.txt", ""), "empty"},
        {write("too_large.txt", std::string(max_attachment_bytes + 1, 'x')), "larger"},
        {unreadable, "not readable"},
    };
    for (auto const& item : refused) {
        if (item.file == unreadable && ::geteuid() == 0) {
            continue; // every file is readable to root
        }
        message msg;
        postmark::error_code error;
        msg.attach_file(item.file, error);
        BOOST_TEST((error == errc::invalid_message));
        BOOST_TEST(msg.attachments.empty());
        BOOST_CHECK_EXCEPTION(msg.attach_file(item.file), boost::system::system_error, [&](auto const& thrown) {
            std::string const what = thrown.what();
            return thrown.code() == errc::invalid_message && what.find(item.reason) != std::string::npos &&
                   what.find(item.file.string()) != std::string::npos;
        });
        BOOST_TEST(msg.attachments.empty());
    }
    message msg;
    msg.attach_file(largest);
    BOOST_TEST(msg.attachments.front().content.size() == max_attachment_bytes);
}

BOOST_AUTO_TEST_CASE(content_type_is_chosen_by_the_last_extension)
{
    using postmark::content_type_of;
    BOOST_TEST(content_type_of("a.pdf") == "application/pdf");
    BOOST_TEST(content_type_of("A.B.JPeG") == "image/jpeg");
    BOOST_TEST(content_type_of("a.7z") == "application/x-7z-compressed");
    BOOST_TEST(content_type_of("a.zip") == "application/zip");
    BOOST_TEST(content_type_of("a.tar.gz") == "application/gzip");
    for (auto const* const unknown : {"", "pdf", "a.", "a.unknown", "a.pdf.much-too-long-for-a-table", ".", "a.pdf "}) {
        BOOST_TEST(content_type_of(unknown) == "application/octet-stream", unknown);
    }
}

BOOST_AUTO_TEST_CASE(refused_extensions)
{
    using postmark::model::has_refused_extension;
    for (auto const* const name : {"a.exe", "a.EXE", "a.pdf.vbs", ".bat", "a.wsl", "a.mst", "a.bin", "a.exe.",
                                   "a.exe...", "a.exe ", "a.exe. ."}) {
        BOOST_TEST(has_refused_extension(name), name);
    }
    for (auto const* const name : {"exe", "a.exe.txt", "a.ex", "a.exee", "a.", "", "a.js", "a.ps1", ".", " ", "exe."}) {
        BOOST_TEST(!has_refused_extension(name), name);
    }
}

BOOST_AUTO_TEST_CASE(merge_fills_empty_members)
{
    message defaults;
    defaults.from = "from@x.org";
    defaults.to = "to@x.org";
    defaults.cc = "cc@x.org";
    defaults.bcc = "bcc@x.org";
    defaults.reply_to = "reply@x.org";
    defaults.subject = "subject";
    defaults.tag = "tag";
    defaults.html = "html";
    defaults.text = "text";
    defaults.message_stream = "stream";
    defaults.template_alias = "alias";
    defaults.template_id = 7;
    defaults.template_model = "{}";
    defaults.add_header("X-A", "1");
    defaults.attach_bytes("x", "a.txt");
    defaults.metadata["key"] = "value";
    defaults.track_opens = true;
    defaults.inline_css = true;
    defaults.track_links = postmark::link_tracking::none;

    BOOST_TEST((merge({}, defaults) == defaults));
    BOOST_TEST((merge(defaults, {}) == defaults));

    message own;
    own.from = "own@x.org";
    own.subject = "own";
    own.add_header("X-B", "2");
    own.metadata["other"] = "own";
    own.track_opens = false;
    auto const merged = merge(own, defaults);
    BOOST_TEST(merged.from->address == "own@x.org");
    BOOST_TEST(merged.subject == "own");
    BOOST_TEST((merged.headers == own.headers));
    BOOST_TEST((merged.metadata == own.metadata));
    BOOST_TEST(merged.track_opens.value() == false);
    BOOST_TEST(merged.text == "text");
    BOOST_TEST(merged.template_id.value() == 7);
}

BOOST_AUTO_TEST_CASE(merge_does_not_replace_the_template)
{
    message defaults;
    defaults.template_id = 7;
    message own;
    own.template_alias = "welcome";
    BOOST_TEST(!merge(own, defaults).template_id.has_value());

    defaults.template_id.reset();
    defaults.template_alias = "goodbye";
    own.template_alias.clear();
    own.template_id = 8;
    BOOST_TEST(merge(own, defaults).template_alias == "");
    BOOST_TEST(merge({}, defaults).template_alias == "goodbye");
}

BOOST_AUTO_TEST_SUITE_END()
