// SPDX-License-Identifier: BSL-1.0

#include <postmark/message.hpp>

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(model_mailbox)

namespace {

using postmark::mailbox;
using postmark::mailbox_list;

struct example {
    std::string text;
    std::string name;
    std::string address;
    std::string printed;
};

std::vector<example> const examples = {
    {"ann@example.org", "", "ann@example.org", "ann@example.org"},
    {" \tann@example.org ", "", "ann@example.org", "ann@example.org"},
    {"<ann@example.org>", "", "ann@example.org", "ann@example.org"},
    {"Ann <ann@example.org>", "Ann", "ann@example.org", "Ann <ann@example.org>"},
    {"Ann<ann@example.org>", "Ann", "ann@example.org", "Ann <ann@example.org>"},
    {"Ann Lee < ann@example.org >", "Ann Lee", "ann@example.org", "Ann Lee <ann@example.org>"},
    {"\"Ann\" <ann@example.org>", "Ann", "ann@example.org", "Ann <ann@example.org>"},
    {"\"Lee, Ann\" <ann@example.org>", "Lee, Ann", "ann@example.org", "\"Lee, Ann\" <ann@example.org>"},
    {"Ann J. Lee <ann@example.org>", "Ann J. Lee", "ann@example.org", "\"Ann J. Lee\" <ann@example.org>"},
    {R"("Ann \"A\" \\ Lee" <ann@example.org>)", R"(Ann "A" \ Lee)", "ann@example.org",
     R"("Ann \"A\" \\ Lee" <ann@example.org>)"},
    {"\"Ann\" Lee <ann@example.org>", "Ann Lee", "ann@example.org", "Ann Lee <ann@example.org>"},
    {"\" Ann \" <ann@example.org>", " Ann ", "ann@example.org", "\" Ann \" <ann@example.org>"},
    {"\"<x>\" <ann@example.org>", "<x>", "ann@example.org", "\"<x>\" <ann@example.org>"},
    {"Änn Ü <ann@example.org>", "Änn Ü", "ann@example.org", "Änn Ü <ann@example.org>"},
    {"ann@example.org <ann@example.org>", "ann@example.org", "ann@example.org",
     "\"ann@example.org\" <ann@example.org>"},
    {"\"\" <ann@example.org>", "", "ann@example.org", "ann@example.org"},
    {"<\"a>b\"@example.org>", "", "\"a>b\"@example.org", "\"a>b\"@example.org"},
    // A text that cannot be parsed is kept unchanged.
    {"", "", "", ""},
    {"  ", "", "", ""},
    {"nobody", "", "nobody", "nobody"},
    {"<>", "", "<>", "<>"},
    {"Ann <>", "", "Ann <>", "Ann <>"},
    {"Ann <ann@example.org", "", "Ann <ann@example.org", "Ann <ann@example.org"},
    {"ann@example.org>", "", "ann@example.org>", "ann@example.org>"},
    {"Ann <ann@example.org> x", "", "Ann <ann@example.org> x", "Ann <ann@example.org> x"},
    {"Ann <<ann@example.org>>", "", "Ann <<ann@example.org>>", "Ann <<ann@example.org>>"},
    {"\"Ann <ann@example.org>", "", "\"Ann <ann@example.org>", "\"Ann <ann@example.org>"},
    {"Lee, Ann <ann@example.org>", "", "Lee, Ann <ann@example.org>", "Lee, Ann <ann@example.org>"},
    {"ann@example.org, bob@example.org", "", "ann@example.org, bob@example.org", "ann@example.org, bob@example.org"},
    {"ann@example.org\n", "", "ann@example.org\n", "ann@example.org\n"},
};

std::vector<std::string> addresses(mailbox_list const& list)
{
    std::vector<std::string> result;
    for (auto const& item : list) {
        result.push_back(item.address);
    }
    return result;
}

} // namespace

BOOST_AUTO_TEST_CASE(parses_and_prints)
{
    for (auto const& item : examples) {
        BOOST_TEST_CONTEXT(item.text)
        {
            mailbox const parsed{item.text};
            BOOST_TEST(parsed.name == item.name);
            BOOST_TEST(parsed.address == item.address);
            BOOST_TEST(to_string(parsed) == item.printed);
            BOOST_TEST((mailbox{to_string(parsed)} == parsed));
        }
    }
}

BOOST_AUTO_TEST_CASE(any_name_survives_printing_and_parsing)
{
    for (std::string const name : {"Ann", "Lee, Ann", "\"", "\\", "a\\\"b", " ", "<", ">", "a@b", "(x)", "a;b:c", "é",
                                   "\t", "it's", "=?UTF-8?Q?x?=", "x,", "\"quoted\""}) {
        mailbox const value{"ann@example.org", name};
        BOOST_TEST((mailbox{to_string(value)} == value), name);
        mailbox_list const list{std::vector<mailbox>{value, value}};
        BOOST_TEST((mailbox_list{to_string(list)} == list), name);
    }
}

BOOST_AUTO_TEST_CASE(list_splits_at_commas_outside_of_quotes_and_brackets)
{
    struct {
        char const* text;
        std::vector<std::string> addresses;
    } const lists[] = {
        {"", {}},
        {" , ,", {}},
        {"a@x.org", {"a@x.org"}},
        {"a@x.org,b@x.org", {"a@x.org", "b@x.org"}},
        {" a@x.org , b@x.org, ", {"a@x.org", "b@x.org"}},
        {"Ann <a@x.org>, \"Lee, Bob\" <b@x.org>", {"a@x.org", "b@x.org"}},
        {R"("a\", b" <a@x.org>, b@x.org)", {"a@x.org", "b@x.org"}},
        {R"("a\\", b@x.org)", {R"("a\\")", "b@x.org"}},
        {"<a,b@x.org>, c@x.org", {"<a,b@x.org>", "c@x.org"}},
        {"\"open, a@x.org", {"\"open, a@x.org"}},
        {"Ann <a@x.org, b@x.org", {"Ann <a@x.org, b@x.org"}},
    };
    for (auto const& item : lists) {
        mailbox_list const parsed{item.text};
        BOOST_TEST(addresses(parsed) == item.addresses, boost::test_tools::per_element());
        BOOST_TEST((mailbox_list{to_string(parsed)} == parsed), item.text);
    }
}

BOOST_AUTO_TEST_CASE(list_is_built_from_what_users_write)
{
    postmark::message msg;
    msg.to = "a@x.org, Bob <b@x.org>";
    BOOST_TEST(to_string(msg.to) == "a@x.org, Bob <b@x.org>");
    BOOST_TEST(msg.to.size() == 2u);
    msg.to = {"a@x.org", "b@x.org"};
    BOOST_TEST(msg.to.size() == 2u);
    msg.to = mailbox{"a@x.org", "Lee, Ann"};
    BOOST_TEST(to_string(msg.to) == "\"Lee, Ann\" <a@x.org>");
    msg.to = {mailbox{"a@x.org", "Ann"}, "Bob <b@x.org>"};
    BOOST_TEST(to_string(msg.to) == "Ann <a@x.org>, Bob <b@x.org>");
    msg.to = std::string{"a@x.org"};
    BOOST_TEST(msg.to.size() == 1u);
    msg.to.push_back("c@x.org");
    BOOST_TEST(msg.to.back().address == "c@x.org");

    mailbox_list const braced{"a@x.org, \"Lee, Bob\" <b@x.org>"};
    BOOST_TEST(braced.size() == 2u);
    BOOST_TEST(mailbox_list{""}.empty());
    BOOST_TEST((mailbox_list{"", "a@x.org"} == mailbox_list{"a@x.org"}));
    msg.to = {{"a@x.org", "Ann"}, {"b@x.org", "Bob"}};
    BOOST_TEST(to_string(msg.to) == "Ann <a@x.org>, Bob <b@x.org>");
}

BOOST_AUTO_TEST_CASE(only_a_single_text_is_split_at_commas)
{
    std::string const text = "a@x.org, b@x.org";
    for (mailbox_list const& list : {mailbox_list{text}, mailbox_list(text), mailbox_list{std::string{text}},
                                     mailbox_list(std::string{text}), mailbox_list{text.c_str()}}) {
        BOOST_TEST(addresses(list) == (std::vector<std::string>{"a@x.org", "b@x.org"}),
                   boost::test_tools::per_element());
    }
    for (mailbox_list const& list : {mailbox_list{mailbox{text}}, mailbox_list(mailbox{text}),
                                     mailbox_list{mailbox{text, ""}}, mailbox_list{std::vector<mailbox>{text}}}) {
        BOOST_TEST(addresses(list) == std::vector<std::string>{text}, boost::test_tools::per_element());
    }
    mailbox_list const with_another{text, "c@x.org"};
    BOOST_TEST(addresses(with_another) == (std::vector<std::string>{text, "c@x.org"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(moved_text_is_parsed_like_copied_text)
{
    for (auto const& item : examples) {
        BOOST_TEST((mailbox{std::string{item.text}} == mailbox{item.text}), item.text);
        BOOST_TEST((mailbox_list{std::string{item.text}} == mailbox_list{item.text}), item.text);
    }
    // The memory of a bare address is moved.
    std::string address = "a.rather.long.address@example.org";
    auto const* const memory = address.data();
    mailbox_list const list{std::move(address)};
    BOOST_TEST(list.front().address.data() == memory);
}

BOOST_AUTO_TEST_CASE(list_holds_any_number_of_mailboxes)
{
    mailbox_list list;
    BOOST_TEST((list.begin() == list.end()));
    std::vector<mailbox> expected;
    for (int number = 0; number < 5; ++number) {
        std::string const address = std::to_string(number) + "@a-domain-that-needs-memory.example.org";
        list.push_back(address);
        expected.emplace_back(address);
        BOOST_TEST(list.size() == expected.size());
        BOOST_TEST((std::vector<mailbox>(list.begin(), list.end()) == expected));
        BOOST_TEST((list.front() == expected.front()));
        BOOST_TEST((list.back() == expected.back()));
        BOOST_TEST((list[expected.size() - 1] == expected.back()));
        BOOST_TEST((list == mailbox_list{expected}));

        mailbox_list copy = list;
        BOOST_TEST((copy == list));
        mailbox_list const moved = std::move(copy);
        BOOST_TEST((moved == list));
        BOOST_TEST(copy.empty());
        copy = moved;
        copy.back().name = "Ann";
        BOOST_TEST((copy != list));
        list = std::move(copy);
        BOOST_TEST(copy.empty());
        list.back().name.clear();
        BOOST_TEST((list == moved));
        copy.push_back(expected.front());
        BOOST_TEST((copy == mailbox_list{expected.front()}));
    }
    list.clear();
    BOOST_TEST(list.empty());
    BOOST_TEST((list == mailbox_list{}));
    list.push_back(expected.front());
    BOOST_TEST((list == mailbox_list{expected.front()}));
}

BOOST_AUTO_TEST_CASE(random_text_is_parsed_to_something_stable)
{
    std::minstd_rand random{1};
    constexpr std::string_view alphabet = "ab@<>\",\\ .\t";
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (auto length = random() % 12; length != 0; --length) {
            text += alphabet[random() % alphabet.size()];
        }
        mailbox const one{text};
        BOOST_REQUIRE_MESSAGE(mailbox{to_string(one)} == one, text);
        mailbox_list const list{std::string_view{text}};
        BOOST_REQUIRE_MESSAGE(mailbox_list{to_string(list)} == list, text);
    }
}

BOOST_AUTO_TEST_SUITE_END()
