// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

#include <set>

BOOST_AUTO_TEST_SUITE(sandbox_service)

using namespace sandbox_test;
using postmark::sandbox::server;
using postmark::sandbox::settings;

namespace {

settings seeded()
{
    auto result = plain();
    result.seeds = true;
    return result;
}

struct service_fixture : fixture {
    using fixture::fixture;

    void check_refused(std::string const& body, std::int64_t code, std::string_view text)
    {
        auto const refused = post("/email", body);
        sandbox_test::check_refused(refused, code, text);
        BOOST_TEST(refused.headers["X-PM-ApiErrorCode"] == std::to_string(code));
        BOOST_TEST(sandbox.message_count() == 0U);
    }
};

struct seeded_fixture : service_fixture {
    seeded_fixture()
        : service_fixture{seeded()}
    {
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(accepts_and_keeps_a_message, service_fixture)
{
    auto const accepted = post("/email", R"({"From":"Shop <shop@example.com>","To":"\"Ann, A.\" <Ann@example.org>",
        "Cc":"b@example.org","Bcc":"c@example.org","Subject":"Hello","TextBody":"Hi","HtmlBody":"<p>Hi</p>","Tag":"t",
        "ReplyTo":"r@example.com","Metadata":{"order":"17"},"Headers":[{"Name":"X-A","Value":"1"}],
        "Attachments":[{"Name":"a.txt","Content":"aGVsbG8=","ContentType":"text/plain","ContentID":"cid:a"}]})");
    BOOST_TEST(accepted.status == 200);
    BOOST_TEST(accepted.api_code() == 0);
    BOOST_TEST(accepted.message() == "OK");
    BOOST_TEST(accepted.body.find(R"(\"Ann, A.\" \u003cAnn@example.org\u003e)") != std::string::npos);

    auto const kept = sandbox.messages();
    BOOST_REQUIRE(kept.size() == 1U);
    auto const& message = kept.front();
    BOOST_TEST(accepted.value().at("MessageID").as_string() == message.message_id);
    BOOST_TEST(message.endpoint == "/email");
    BOOST_TEST(message.from == "Shop <shop@example.com>");
    BOOST_TEST(message.to == std::vector<std::string>{"Ann@example.org"});
    BOOST_TEST(message.cc == std::vector<std::string>{"b@example.org"});
    BOOST_TEST(message.bcc == std::vector<std::string>{"c@example.org"});
    BOOST_TEST(message.reply_to == "r@example.com");
    BOOST_TEST(message.subject == "Hello");
    BOOST_TEST(message.text == "Hi");
    BOOST_TEST(message.html == "<p>Hi</p>");
    BOOST_TEST(message.tag == "t");
    BOOST_TEST(message.message_stream == "outbound");
    BOOST_TEST(message.metadata.at("order") == "17");
    BOOST_REQUIRE(message.headers.size() == 1U);
    BOOST_TEST(message.headers[0].name == "X-A");
    BOOST_REQUIRE(message.attachments.size() == 1U);
    BOOST_TEST(message.attachments[0].content == "hello");
    BOOST_TEST(message.attachments[0].content_id == "cid:a");
    BOOST_TEST(!message.test_token);
}

BOOST_FIXTURE_TEST_CASE(omits_to_when_only_copies_are_sent, service_fixture)
{
    auto const accepted = post("/email", R"({"From":"a@b.c","Cc":"x@example.org","TextBody":"x"})");
    BOOST_TEST(accepted.status == 200);
    BOOST_TEST(!accepted.value().as_object().contains("To"));
}

BOOST_FIXTURE_TEST_CASE(varies_dates_and_key_order, service_fixture)
{
    std::set<std::string> first_keys;
    bool utc = false;
    bool eastern = false;
    bool short_fraction = false;
    for (int count = 0; count < 100; ++count) {
        auto const body = post("/email", mail()).body;
        first_keys.insert(body.substr(0, body.find(':')));
        auto const date = json::value_to<std::string>(json::parse(body).at("SubmittedAt"));
        utc = utc || date.ends_with('Z');
        eastern = eastern || date.ends_with("-05:00") || date.ends_with("-04:00");
        auto const zone = date.find_last_of("Z-");
        short_fraction = short_fraction || zone < 27;
    }
    BOOST_TEST(first_keys.size() == 3U);
    BOOST_TEST(utc);
    BOOST_TEST(eastern);
    BOOST_TEST(short_fraction);
}

BOOST_FIXTURE_TEST_CASE(refuses_what_the_service_refuses, service_fixture)
{
    check_refused("{", 402, "JSON");
    check_refused("", 402, "JSON");
    check_refused("[]", 403, "$");
    check_refused(R"({"From":5})", 403, "$.From");
    check_refused(mail("a@b.c", R"(,"Metadata":"x")"), 403, "$.Metadata");
    check_refused(mail("a@b.c", R"(,"Metadata":{"a":true})"), 403, "$.Metadata.a");
    check_refused(mail("a@b.c", R"(,"Headers":[{"Name":1}])"), 403, "$.Headers[0].Name");
    check_refused(mail("a@b.c", R"(,"TrackLinks":"Sometimes")"), 403, "$.TrackLinks");
    check_refused(R"({"To":"a@b.c","TextBody":"x"})", 300, "Invalid 'From' address");
    check_refused(R"({"From":"a@b.c, d@e.f","To":"a@b.c","TextBody":"x"})", 300, "Invalid 'From' address");
    check_refused(R"({"From":"a@b.c","TextBody":"x"})", 300, "Zero recipients specified");
    check_refused(mail("nobody"), 300, "Invalid 'To' address: 'nobody'.");
    check_refused(mail("user@+"), 300, "Error parsing 'To': Illegal email domain '+' in address 'user@+'.");
    check_refused(mail("j\xc3\xb6rg@example.org"), 300, "Error parsing 'To'");
    check_refused(mail("a@b.c", R"(,"Cc":"x y@z")"), 300, "Invalid 'Cc' address: 'x y@z'.");
    check_refused(R"({"From":"a@b.c","To":"a@b.c"})", 300, "TextBody or HtmlBody");
    check_refused(mail("a@b.c", R"(,"Headers":[{"Name":"content-type","Value":"x"}])"), 300, "not allowed");
    check_refused(mail("a@b.c", R"(,"Headers":[{"Name":"X-A","Value":"x\r\ny"}])"), 300, "line break");
    check_refused(mail("a@b.c", R"(,"Attachments":[{"Name":"a.EXE","Content":"YQ=="}])"), 411, "a.EXE");
    check_refused(mail("a@b.c", R"(,"Attachments":[{"Name":"a.txt","Content":"a"}])"), 300, "base64");
    check_refused(mail("a@b.c", R"(,"MessageStream":"x")"), 1235,
                  "The stream provided: 'x' does not exist on this server.");
    check_refused(mail("a@b.c", R"(,"MessageStream":"inbound")"), 1236, "inbound");
    check_refused(mail("a@b.c", R"(,"Metadata":{"Key":"1","key":"2"})"), 300, "more than once");
}

BOOST_FIXTURE_TEST_CASE(enforces_the_limits, service_fixture)
{
    auto const with = [](std::string_view field, std::size_t size) {
        return mail("a@b.c", ",\"" + std::string{field} + "\":\"" + std::string(size, 'x') + '"');
    };
    check_refused(with("Subject", 2001), 300, "Subject");
    check_refused(with("Tag", 1001), 300, "Tag");
    check_refused(with("HtmlBody", 5U * 1024 * 1024 + 1), 300, "HtmlBody");
    check_refused(mail("a@b.c", R"(,"Metadata":{"abcdefghijklmnopqrstu":"1"})"), 300, "limited to 20");
    check_refused(mail("a@b.c", R"(,"Metadata":{"a":")" + std::string(81, 'x') + "\"}"), 300, "limited to 80");
    std::string metadata;
    std::string recipients = "a0@b.c";
    for (int count = 0; count < 11; ++count) {
        metadata += (count ? ",\"" : "\"") + std::to_string(count) + "\":\"x\"";
    }
    for (int count = 1; count < 51; ++count) {
        recipients += ",a" + std::to_string(count) + "@b.c";
    }
    check_refused(mail("a@b.c", ",\"Metadata\":{" + metadata + "}"), 300, "limited to 10");
    check_refused(mail(recipients), 300, "Too many recipients");
    // Counted in UTF-16 units, not in bytes.
    std::string umlauts;
    for (int count = 0; count < 2000; ++count) {
        umlauts += "\xc3\xbc";
    }
    BOOST_TEST(post("/email", mail("a@b.c", ",\"Subject\":\"" + umlauts + '"')).status == 200);
}

BOOST_FIXTURE_TEST_CASE(replies_413_over_the_size_limits_and_keeps_the_connection, service_fixture)
{
    BOOST_TEST(post("/email", std::string(10U * 1024 * 1024 + 1, ' ')).status == 413);
    BOOST_TEST(post("/email", mail()).status == 200);
    BOOST_TEST(
        post("/email/batch", array_of({mail(), mail("x@y.z", ",\"A\":\"" + std::string(10U * 1024 * 1024, 'x') + '"')}))
            .status == 413);
    BOOST_TEST(sandbox.message_count() == 1U);
}

BOOST_FIXTURE_TEST_CASE(replies_to_batches_in_order_and_item_by_item, service_fixture)
{
    auto const batch =
        post("/email/batch", " [ " + mail("one@example.org") + " , " + mail("no") + "," +
                                 mail("two]\\\"[@example.org") + ", " + mail("three@example.org") + "\n]");
    BOOST_TEST(batch.status == 200);
    auto const items = batch.value().as_array();
    BOOST_REQUIRE(items.size() == 4U);
    BOOST_TEST(items[0].at("To").as_string() == "one@example.org");
    BOOST_TEST(items[1].as_object().size() == 2U);
    BOOST_TEST(items[1].at("ErrorCode").to_number<int>() == 300);
    BOOST_TEST(items[2].at("ErrorCode").to_number<int>() == 300);
    BOOST_TEST(items[3].at("To").as_string() == "three@example.org");
    auto const kept = sandbox.messages();
    BOOST_REQUIRE(kept.size() == 2U);
    BOOST_TEST(kept[0].json == mail("one@example.org"));
    BOOST_TEST(kept[1].json == mail("three@example.org"));
    BOOST_TEST(kept[1].endpoint == "/email/batch");
}

BOOST_FIXTURE_TEST_CASE(refuses_whole_batches, service_fixture)
{
    BOOST_TEST(post("/email/batch", mail()).api_code() == 403);
    auto const wrong_type = post("/email/batch", array_of({mail(), R"({"From":1})"}));
    BOOST_TEST(wrong_type.status == 422);
    BOOST_TEST(wrong_type.message().find("$[1].From") != std::string::npos);
    std::vector<std::string> const many(501, mail());
    BOOST_TEST(post("/email/batch", array_of(many)).api_code() == 410);
    BOOST_TEST(post("/email/batch", "[]").api_code() == 410);
    BOOST_TEST(sandbox.message_count() == 0U);
}

BOOST_FIXTURE_TEST_CASE(decides_by_path_method_token_and_types_in_this_order, service_fixture)
{
    BOOST_TEST(get("/nothing").status == 404);
    auto const wrong_method = caller.send("GET", "/email", {}, {{"X-Postmark-Server-Token", ""}});
    BOOST_TEST(wrong_method.status == 405);
    BOOST_TEST(wrong_method.body.empty());
    auto const no_token = caller.send("POST", "/email", mail(), {{"X-Postmark-Server-Token", ""}});
    BOOST_TEST(no_token.status == 401);
    BOOST_TEST(no_token.api_code() == 10);
    BOOST_TEST(caller.send("POST", "/email", mail(), {{"Accept", "application/json"}}).status == 415);
    BOOST_TEST(caller.send("POST", "/email", mail(), {{"Content-Type", "application/json"}}).status == 415);
    BOOST_TEST(caller
                   .send("POST", "/EMAIL/", mail(),
                         {{"Accept", "application/json"}, {"Content-Type", "application/json; charset=utf-8"}})
                   .status == 200);
    BOOST_TEST(get("/deliveryStats/").status == 200);
}

BOOST_AUTO_TEST_CASE(accepts_only_the_configured_tokens)
{
    auto options = plain();
    options.tokens = {"one", "two"};
    server const sandbox{options};
    client caller{sandbox, false};
    BOOST_TEST(caller.send("POST", "/email", mail()).status == 401);
    BOOST_TEST(caller.send("POST", "/email", mail(), {{"X-Postmark-Server-Token", "two"}}).status == 200);
    auto const test = caller.send("POST", "/email", mail(), {{"X-Postmark-Server-Token", "POSTMARK_API_TEST"}});
    BOOST_TEST(test.message() == "Test job accepted");
    BOOST_REQUIRE(sandbox.message_count() == 2U);
    BOOST_TEST(sandbox.messages()[1].test_token);
    // Each token opens a server of its own.
    auto const total = [&](std::string const& token) {
        return caller.send("GET", "/messages/outbound?count=1&offset=0", {}, {{"X-Postmark-Server-Token", token}})
            .value()
            .at("TotalCount")
            .to_number<int>();
    };
    BOOST_TEST(total("one") == 0);
    BOOST_TEST(total("two") == 1);
}

BOOST_FIXTURE_TEST_CASE(names_inactive_recipients, service_fixture)
{
    sandbox.suppress("Gone@example.org");
    sandbox.suppress("left@example.org");
    sandbox.suppress("other@example.org", "broadcast");
    auto const all = post("/email", mail("GONE@example.org, left@example.org"));
    BOOST_TEST(all.status == 422);
    BOOST_TEST(all.api_code() == 406);
    BOOST_TEST(all.message().find("Found inactive addresses: gone@example.org, left@example.org. Inactive recipients "
                                  "are ones that") != std::string::npos);
    auto const some = post("/email", mail("gone@example.org, ann@example.org"));
    BOOST_TEST(some.status == 200);
    BOOST_TEST(some.api_code() == 0);
    BOOST_TEST(
        some.message().starts_with("Message OK, but will not deliver to these inactive addresses: gone@example.org. "));
    BOOST_TEST(post("/email", mail("other@example.org")).message() == "OK");
}

BOOST_FIXTURE_TEST_CASE(bounces_mail_to_the_bouncing_addresses, service_fixture)
{
    BOOST_TEST(post("/email", mail("hard_bounce@bounce-testing.postmarkapp.com")).status == 200);
    BOOST_TEST(post("/email", mail("hard_bounce@bounce-testing.postmarkapp.com")).api_code() == 406);
    BOOST_TEST(post("/email", mail("x@bounce-testing.postmarkapp.com",
                                   R"(,"Headers":[{"Name":"X-PM-Bounce-Type","Value":"SoftBounce"}])"))
                   .status == 200);
    BOOST_TEST(post("/email", mail("x@blackhole.postmarkapp.com")).status == 200);

    auto const listed = get("/bounces?count=500&offset=0&emailFilter=bounce-testing").value();
    BOOST_TEST(listed.at("TotalCount") == 2);
    auto const& soft = listed.at("Bounces").at(0);
    BOOST_TEST(soft.at("Type").as_string() == "SoftBounce");
    auto const& hard = listed.at("Bounces").at(1);
    BOOST_TEST(hard.at("Inactive").as_bool());
    auto const id = std::to_string(hard.at("ID").to_number<std::int64_t>());
    // A number of 9 or 10 digits, which a double holds exactly.
    BOOST_TEST((id.size() == 9 || id.size() == 10));
    BOOST_TEST(get("/bounces/" + id + "/dump").value().at("Body").as_string().starts_with("From:"));

    auto const activated = caller.send("PUT", "/bounces/" + id + "/activate").value();
    BOOST_TEST(activated.at("Message").as_string() == "OK");
    BOOST_TEST(!activated.at("Bounce").at("Inactive").as_bool());
    BOOST_TEST(post("/email", mail("hard_bounce@bounce-testing.postmarkapp.com")).status == 200);

    auto const details =
        get("/messages/outbound/" + json::value_to<std::string>(hard.at("MessageID")) + "/details").value();
    BOOST_TEST(details.at("MessageEvents").at(0).at("Type").as_string() == "Bounced");
    BOOST_TEST(details.at("MessageEvents").at(0).at("Details").at("BounceID").as_string() == id);
}

BOOST_FIXTURE_TEST_CASE(has_bounces_when_seeds_are_wanted, seeded_fixture)
{
    auto const listed = get("/bounces?count=500&offset=0").value();
    BOOST_TEST(listed.at("TotalCount") == 3);
    std::string impossible;
    for (auto const& entry : listed.at("Bounces").as_array()) {
        if (!entry.at("CanActivate").as_bool()) {
            impossible = std::to_string(entry.at("ID").to_number<std::int64_t>());
        }
    }
    BOOST_TEST(caller.send("PUT", "/bounces/" + impossible + "/activate").api_code() == 1003);
    BOOST_TEST(get("/bounces/" + impossible).value().at("Type").as_string() == "SpamComplaint");
    BOOST_TEST(get("/bounces/" + impossible + "/dump").body == "{}");
    BOOST_TEST(get("/bounces/12").api_code() == 1001);
    for (auto const& without_id : {get("/bounces//dump"), caller.send("PUT", "/bounces//activate")}) {
        BOOST_TEST(without_id.status == 400);
        BOOST_TEST(without_id.api_code() == 1002);
    }
    BOOST_TEST(get("/bounces//").status == 404);
    BOOST_TEST(get("/bounces/x").api_code() == 1001);
    BOOST_TEST(get("/bounces?offset=0").api_code() == 1000);
    BOOST_TEST(get("/bounces?count=500&offset=9501").api_code() == 1000);
    BOOST_TEST(get("/bounces?count=5&offset=0&type=Odd").api_code() == 1000);
    BOOST_TEST(get("/bounces?count=5&offset=0&inactive=true").value().at("TotalCount") == 2);
    BOOST_TEST(get("/bounces?count=1&offset=1").value().at("Bounces").as_array().size() == 1U);
    BOOST_TEST(get("/bounces/tags").value() == json::value({"newsletter", "welcome"}));
    auto const stats = get("/deliverystats").value();
    BOOST_TEST(stats.at("InactiveMails") == 2);
    BOOST_TEST(stats.at("Bounces").at(0).at("Name").as_string() == "All");
    for (auto const& entry : stats.at("Bounces").as_array()) {
        BOOST_TEST(entry.at("Type").is_string());
        BOOST_TEST(entry.at("TypeCode").is_int64());
    }
    for (auto const& entry : listed.at("Bounces").as_array()) {
        for (auto const* const key : {"From", "MessageStream", "Subject"}) {
            BOOST_TEST(!entry.at(key).as_string().empty());
        }
        BOOST_TEST(entry.at("ServerID").is_int64());
    }
}

BOOST_FIXTURE_TEST_CASE(renders_templates, seeded_fixture)
{
    std::string const model = R"("TemplateModel":{"name":"A & B","greeting":"<i>hi</i>","items":)"
                              R"([{"title":"<x>","price":1.5},{"title":"y","price":2}]})";
    auto const accepted =
        post("/email/withTemplate", R"({"From":"a@b.c","To":"x@y.z","TemplateAlias":"welcome",)" + model + "}");
    BOOST_TEST(accepted.status == 200);
    auto const kept = sandbox.messages();
    BOOST_REQUIRE(kept.size() == 1U);
    BOOST_TEST(kept[0].subject == "Welcome, A & B");
    BOOST_TEST(kept[0].html ==
               "<h1>Welcome, A &amp; B</h1><i>hi</i><li>&lt;x&gt;: 1.5 for A &amp; B</li><li>y: 2 for A "
               "&amp; B</li>");
    BOOST_TEST(kept[0].text == "Welcome, A & B.\n- <x>: 1.5\n- y: 2\n");

    auto const code = [&](std::string const& more) {
        return post("/email/withTemplate", R"({"From":"a@b.c","To":"x@y.z")" + more + "}").api_code();
    };
    BOOST_TEST(code(R"(,"TemplateModel":{})") == 1101);
    BOOST_TEST(code(R"(,"TemplateId":7,"TemplateModel":{})") == 1101);
    BOOST_TEST(code(R"(,"TemplateAlias":"none","TemplateModel":{})") == 1101);
    BOOST_TEST(code(R"(,"TemplateId":1002)") == 1120);
    BOOST_TEST(code(R"(,"TemplateId":1002,"TemplateModel":{},"Subject":"x")") == 1123);
    BOOST_TEST(code(R"(,"TemplateId":1002,"TemplateModel":[])") == 403);
    // The id takes precedence.
    BOOST_TEST(code(R"(,"TemplateId":1002,"TemplateAlias":"none","TemplateModel":{})") == 0);

    sandbox.add_template("own", 7, "{{#a}}{{b}}{{../c}}{{/a}}{{^d}}none{{/d}}",
                         "{{#each n}}{{.}};{{/each}}{{&h}}{{x.y}}", "{{! nothing }}");
    BOOST_TEST(code(R"(,"TemplateId":7,"TemplateModel":{"a":{"b":1},"c":true,"n":["<",2],"h":"&","x":{"y":"z"}})") ==
               0);
    BOOST_TEST(sandbox.messages().back().subject == "1truenone");
    BOOST_TEST(sandbox.messages().back().html == "&lt;;2;&z");
    sandbox.add_template("broken", 8, "{{#a}}", "x", "x");
    BOOST_TEST(code(R"(,"TemplateId":8,"TemplateModel":{"a":1})") == 1122);

    auto const batch = post("/email/batchWithTemplates",
                            R"({"Messages":[{"From":"a@b.c","To":"x@y.z","TemplateAlias":"welcome",)" + model +
                                R"(},{"From":"a@b.c","To":"x@y.z","TemplateId":9,"TemplateModel":{}}]})")
                           .value();
    BOOST_TEST(batch.at(0).at("ErrorCode") == 0);
    BOOST_TEST(batch.at(1).at("ErrorCode") == 1101);
    BOOST_TEST(sandbox.messages().back().subject == "Welcome, A & B");
}

BOOST_FIXTURE_TEST_CASE(finds_messages, service_fixture)
{
    post("/email", mail("ann@example.org", R"(,"Tag":"one","Metadata":{"Order":"a/1"})"));
    post("/email", mail("bob@example.org", R"(,"Metadata":{"order":"2"},"Subject":"Other")"));
    post("/email", mail("ann@example.org", R"(,"MessageStream":"broadcast")"));
    auto const total = [&](std::string_view query) {
        return get("/messages/outbound?count=10&offset=0" + std::string{query})
            .value()
            .at("TotalCount")
            .to_number<int>();
    };
    BOOST_TEST(total("") == 2);
    BOOST_TEST(total("&messagestream=broadcast") == 1);
    BOOST_TEST(total("&recipient=ANN%40example.org") == 1);
    BOOST_TEST(total("&fromEmail=shop@example.com") == 2);
    BOOST_TEST(total("&subject=oth") == 1);
    BOOST_TEST(total("&tag=one") == 1);
    BOOST_TEST(total("&metadata_order=2") == 1);
    BOOST_TEST(total("&metadata_order=a%2F1") == 1);
    BOOST_TEST(total("&metadata_order=3") == 0);
    BOOST_TEST(total("&todate=2020-01-01") == 0);
    BOOST_TEST(total("&fromdate=2020-01-01T00:00:00&status=sent") == 2);
    for (std::string const time : {"T00:00", "T00:00:00.000Z", "T00:00:00-05:00", "T00:00:00%2B02:00"}) {
        BOOST_TEST(total("&fromdate=2020-01-01" + time) == total("&fromdate=2020-01-01"), time);
        BOOST_TEST(total("&todate=2020-01-01" + time) == 0, time);
    }
    BOOST_TEST(get("/messages/outbound?count=501&offset=0").api_code() == 700);
    BOOST_TEST(get("/messages/outbound?count=5&offset=18446744073709551615").api_code() == 700);
    BOOST_TEST(get("/messages/outbound?count=5").api_code() == 700);
    auto const newest = get("/messages/outbound?count=1&offset=0").value().at("Messages").at(0);
    BOOST_TEST(newest.at("To").at(0).at("Email").as_string() == "bob@example.org");

    auto const id = sandbox.messages()[0].message_id;
    auto const details = get("/messages/outbound/" + id + "/details").value();
    BOOST_TEST(details.at("TextBody").as_string() == "Hi");
    BOOST_TEST(details.at("HtmlBody").is_null());
    BOOST_TEST(get("/messages/outbound/00000000-0000-0000-0000-000000000000/details").api_code() == 701);

    sandbox.set_index_delay(std::chrono::hours{1});
    BOOST_TEST(total("") == 0);
    BOOST_TEST(get("/messages/outbound/" + id + "/details").api_code() == 701);
}

BOOST_FIXTURE_TEST_CASE(starts_with_no_state, service_fixture)
{
    BOOST_TEST(get("/bounces?count=500&offset=0").value().at("TotalCount") == 0);
    BOOST_TEST(get("/bounces/tags").body == "[]");
    BOOST_TEST(get("/deliverystats").value().at("InactiveMails") == 0);
    BOOST_TEST(post("/email", mail("gone@recipient.example")).status == 200);
    BOOST_TEST(
        post("/email/withTemplate", R"({"From":"a@b.c","To":"x@y.z","TemplateAlias":"welcome","TemplateModel":{}})")
            .api_code() == 1101);
}

BOOST_FIXTURE_TEST_CASE(refuses_attachments_without_content, service_fixture)
{
    for (std::string const content : {R"(,"Content":"")", R"(,"Content":"\r\n")", R"(,"Content":null)", ""}) {
        check_refused(mail("a@b.c", R"(,"Attachments":[{"Name":"a.txt")" + content + "}]"), 300,
                      "Zero-sized attachments not allowed.");
    }
}

BOOST_FIXTURE_TEST_CASE(decodes_attachments_with_line_breaks, service_fixture)
{
    BOOST_TEST(
        post("/email", mail("a@b.c", R"(,"Attachments":[{"Name":"a.txt","Content":"aGVs\r\nbG8=\n"}])")).status == 200);
    BOOST_TEST(sandbox.messages().front().attachments.front().content == "hello");
    BOOST_TEST(post("/email", mail("a@b.c", R"(,"Attachments":[{"Name":"a.txt","Content":"aGVs bG8="}])")).api_code() ==
               300);
}

BOOST_FIXTURE_TEST_CASE(refuses_unclosed_quotes_in_each_address_field, service_fixture)
{
    for (std::string const field : {"To", "Cc", "Bcc", "ReplyTo"}) {
        auto const quoted = ",\"" + field + R"(":"\"Ann <ann@example.org>")";
        check_refused(mail("a@b.c", quoted), 300, "Error parsing '" + field + "': Unclosed quoted string");
    }
    check_refused(R"({"From":"\"Shop <a@b.c>","To":"a@b.c","TextBody":"x"})", 300,
                  "Error parsing 'From': Unclosed quoted string");
    check_refused(mail(R"(ann@example.org, \"Bob\\)"), 300, "Error parsing 'To': Unclosed quoted string");
    BOOST_TEST(post("/email", mail(R"(\"Ann \\\" A.\" <ann@example.org>)")).status == 200);
}

BOOST_FIXTURE_TEST_CASE(refuses_domains_without_a_dot, service_fixture)
{
    for (std::string const field : {"From", "To", "Cc", "Bcc", "ReplyTo"}) {
        auto const address = ",\"" + field + R"(":"webmaster@localhost")";
        check_refused(mail("a@b.c", address), 300, "Invalid '" + field + "' address: 'webmaster@localhost'.");
    }
    auto const with_test_token =
        caller.send("POST", "/email", mail("a@localhost"), {{"X-Postmark-Server-Token", "POSTMARK_API_TEST"}});
    BOOST_TEST(with_test_token.api_code() == 300);
}

BOOST_FIXTURE_TEST_CASE(treats_empty_members_as_absent, service_fixture)
{
    auto const accepted = post("/email", mail("a@b.c", R"(,"TrackLinks":"","Tag":"","ReplyTo":"","Cc":"","Bcc":"",
        "Attachments":null,"Metadata":null,"Headers":null,"TemplateId":null)"));
    BOOST_TEST(accepted.status == 200);
    auto const listed = get("/messages/outbound?count=1&offset=0").value().at("Messages").at(0);
    BOOST_TEST(listed.at("TrackLinks").as_string() == "None");
    BOOST_TEST(listed.at("MessageStream").as_string() == "outbound");
    BOOST_TEST(listed.at("Subject").as_string() == "Hello");
    BOOST_TEST(!listed.at("Sandboxed").as_bool());
    auto const id = sandbox.messages().front().message_id;
    BOOST_TEST(!get("/messages/outbound/" + id + "/details").value().at("Sandboxed").as_bool());
}

BOOST_FIXTURE_TEST_CASE(keeps_the_text_of_numbers_in_metadata, service_fixture)
{
    BOOST_TEST(post("/email", mail("a@b.c", R"(,"Metadata":{"order":2,"price":1.5,"big":1e3,"text":"3"})")).status ==
               200);
    auto const kept = sandbox.messages().front().metadata;
    BOOST_TEST(kept.at("order") == "2");
    BOOST_TEST(kept.at("price") == "1.5");
    BOOST_TEST(kept.at("text") == "3");
    auto const found = get("/messages/outbound?count=5&offset=0&metadata_big=1000").value();
    BOOST_TEST(found.at("TotalCount") == 1);
    BOOST_TEST(found.at("Messages").at(0).at("Metadata").at("order").as_string() == "2");
}

BOOST_FIXTURE_TEST_CASE(lists_every_message_that_it_accepted, service_fixture)
{
    sandbox.add_template("deep", 7, "s", "h", "t");
    auto const with_depth = [](std::size_t depth) {
        return R"({"From":"a@b.c","To":"x@y.z","TemplateId":7,"TemplateModel":{"a":)" + std::string(depth, '[') +
               std::string(depth, ']') + "}}";
    };
    std::size_t accepted = 0;
    bool refused = false;
    for (std::size_t depth = 20; depth <= 140; depth += 20) {
        auto const single = post("/email/withTemplate", with_depth(depth));
        accepted += single.status == 200;
        refused = refused || single.api_code() == 402;
        auto const batch = post("/email/batchWithTemplates", R"({"Messages":[)" + with_depth(depth) + "]}");
        accepted += batch.status == 200;
    }
    BOOST_TEST(accepted >= 10U);
    BOOST_TEST(refused);
    BOOST_TEST(sandbox.messages().size() == accepted);
    BOOST_TEST(get("/messages/outbound?count=50&offset=0").value().at("Messages").as_array().size() == accepted);
    BOOST_TEST(get("/__sandbox/messages").value().at("Messages").as_array().size() == accepted);
}

BOOST_FIXTURE_TEST_CASE(refuses_templates_that_are_nested_too_deep, service_fixture)
{
    auto const send_nested = [&](std::size_t depth) {
        std::string source;
        for (std::size_t level = 0; level < depth; ++level) {
            source += "{{#a}}";
        }
        for (std::size_t level = 0; level < depth; ++level) {
            source += "{{/a}}";
        }
        sandbox.add_template("nested", 8, "s", source, "t");
        return post("/email/withTemplate", R"({"From":"a@b.c","To":"x@y.z","TemplateId":8,"TemplateModel":{"b":1}})");
    };
    BOOST_TEST(send_nested(64).status == 200);
    BOOST_TEST(send_nested(65).api_code() == 1122);
    BOOST_TEST(send_nested(400'000).api_code() == 1122);
}

BOOST_FIXTURE_TEST_CASE(matches_methods_as_whole_words, service_fixture)
{
    post("/email", mail());
    for (auto const* const method : {"E", "DELETE GET", "GE", "get"}) {
        BOOST_TEST(caller.send(method, "/__sandbox/messages", {}, {{"X-Postmark-Sandbox", "1"}}).status != 200);
        caller.connect();
    }
    BOOST_TEST(caller.send("OS", "/email", mail()).status == 405);
    BOOST_TEST(sandbox.message_count() == 1U);
}

BOOST_AUTO_TEST_CASE(keeps_only_what_is_needed_if_configured_so)
{
    auto options = seeded();
    options.keep_bodies = false;
    server const sandbox{options};
    client caller{sandbox, false};
    caller.send("POST", "/email/batch",
                array_of({mail("ann@example.org", R"(,"Tag":"t","Metadata":{"a":"<\"b","n":2.5})")}));
    caller.send("POST", "/email/withTemplate",
                R"({"From":"a@b.c","To":"x@y.z","TemplateId":1002,"TemplateModel":{"a":1}})");
    auto const kept = sandbox.messages();
    BOOST_REQUIRE(kept.size() == 2U);
    BOOST_TEST(kept[0].text.empty());
    BOOST_TEST(kept[0].tag == "t");
    BOOST_TEST(kept[0].metadata.at("a") == "<\"b");
    BOOST_TEST(kept[0].metadata.at("n") == "2.5");
    BOOST_TEST(kept[0].to == std::vector<std::string>{"ann@example.org"});
    BOOST_TEST(kept[1].json == R"({"From":"a@b.c","To":"x@y.z"})");
}

BOOST_AUTO_TEST_SUITE_END()
