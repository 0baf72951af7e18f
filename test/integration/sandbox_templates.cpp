// SPDX-License-Identifier: BSL-1.0

#include "sandbox_fixture.hpp"

BOOST_AUTO_TEST_SUITE(sandbox_templates)

using namespace sandbox_test;

namespace {

std::string text(std::string_view value)
{
    return json::serialize(json::string{value.data(), value.size()});
}

/// The JSON of a template.
std::string standard(std::string_view name, std::string_view more = {})
{
    return R"({"Name":)" + text(name) +
           R"(,"Subject":"Hi {{name}}","HtmlBody":"<p>{{name}}</p>","TextBody":"{{name}}")" + std::string{more} + '}';
}

std::string layout(std::string_view alias)
{
    return R"({"Name":"Frame","Alias":)" + text(alias) +
           R"(,"TemplateType":"Layout","HtmlBody":"<html>{{{ @content }}}</html>","TextBody":"[{{{@content}}}]"})";
}

std::string id_of(reply const& made)
{
    BOOST_TEST_CONTEXT(made.body)
    {
        BOOST_REQUIRE(made.status == 200);
    }
    return std::to_string(number_of(made.value(), "TemplateId"));
}

struct template_fixture : fixture {
    reply send(std::string const& alias, std::string const& model)
    {
        return post("/email/withTemplate/", R"({"From":"a@b.c","To":"x@y.z","TemplateAlias":)" + text(alias) +
                                                R"(,"TemplateModel":)" + model + '}');
    }
    json::value validate(std::string const& fields)
    {
        auto const result = post("/templates/validate", '{' + fields + '}');
        BOOST_TEST_CONTEXT(result.body)
        {
            BOOST_REQUIRE(result.status == 200);
        }
        return result.value();
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(creates_gets_edits_and_removes_a_template, template_fixture)
{
    auto const made = post("/templates/", standard("Welcome, 2nd mail!"));
    auto const id = id_of(made);
    auto const summary = made.value();
    BOOST_TEST(summary.as_object().size() == 6U);
    BOOST_TEST(text_of(summary, "Alias") == "welcome-2nd-mail");
    BOOST_TEST(text_of(summary, "TemplateType") == "Standard");
    BOOST_TEST(summary.at("LayoutTemplate").is_null());
    BOOST_TEST(summary.at("Active").as_bool());

    auto const whole = get("/templates/welcome-2nd-mail").value();
    BOOST_TEST(get("/templates/" + id).value() == whole);
    BOOST_TEST(text_of(whole, "HtmlBody") == "<p>{{name}}</p>");
    BOOST_TEST(number_of(whole, "AssociatedServerId") == number_of(get("/server").value(), "ID"));

    auto const edited = put("/templates/" + id, R"({"name":"Other","subject":null,"TextBody":null})");
    BOOST_TEST(edited.status == 200);
    auto const after = get("/templates/" + id).value();
    BOOST_TEST(text_of(after, "Name") == "Other");
    BOOST_TEST(text_of(after, "Alias") == "welcome-2nd-mail");
    BOOST_TEST(text_of(after, "Subject") == "Hi {{name}}");
    BOOST_TEST(text_of(after, "TextBody") == "{{name}}");
    BOOST_TEST(put("/templates/welcome-2nd-mail", R"({"Alias":"second"})").status == 200);
    BOOST_TEST(send("second", R"({"name":"Ann"})").status == 200);
    BOOST_TEST(sandbox.messages().back().subject == "Hi Ann");

    BOOST_TEST(remove("/templates/second").message() == "Template " + id + " removed.");
    auto const inactive = get("/templates/" + id).value();
    BOOST_TEST(!inactive.at("Active").as_bool());
    check_refused(get("/templates/second"), 1101);
    check_refused(remove("/templates/" + id), 1101);
    check_refused(put("/templates/" + id, R"({"Name":"x"})"), 1101);
    check_refused(send("second", "{}"), 1101, "The Template's 'Alias'");
    BOOST_TEST(number_of(get("/templates?count=9&offset=0").value(), "TotalCount") == 0);
    // The alias is free again.
    BOOST_TEST(post("/templates", standard("x", R"(,"Alias":"second")")).status == 200);
}

BOOST_FIXTURE_TEST_CASE(makes_aliases_that_are_not_in_use, template_fixture)
{
    BOOST_TEST(text_of(post("/templates", standard("A b")).value(), "Alias") == "a-b");
    BOOST_TEST(text_of(post("/templates", standard("A b")).value(), "Alias") == "a-b-1");
    BOOST_TEST(text_of(post("/templates", standard("1 \xc3\xbc")).value(), "Alias") == "template");
}

BOOST_FIXTURE_TEST_CASE(sets_templates_into_layouts, template_fixture)
{
    auto const frame = id_of(post("/templates", layout("frame")));
    auto const made = post("/templates", standard("Mail", R"(,"Alias":"mail","LayoutTemplate":"frame")"));
    auto const id = id_of(made);
    BOOST_TEST(text_of(made.value(), "LayoutTemplate") == "frame");
    BOOST_TEST(get("/templates/frame").value().at("Subject").is_null());

    BOOST_TEST(send("mail", R"({"name":"<A>"})").status == 200);
    BOOST_TEST(sandbox.messages().back().html == "<html><p>&lt;A&gt;</p></html>");
    BOOST_TEST(sandbox.messages().back().text == "[<A>]");
    check_refused(send("frame", "{}"), 1101);

    auto const total = [&](std::string const& query) {
        return number_of(get("/templates?count=1&offset=0" + query).value(), "TotalCount");
    };
    id_of(post("/templates", standard("Alone")));
    BOOST_TEST(total("") == 3);
    BOOST_TEST(total("&templateType=layout") == 1);
    BOOST_TEST(total("&TemplateType=Standard") == 2);
    BOOST_TEST(total("&LayoutTemplate=frame") == 1);
    BOOST_TEST(total("&LayoutTemplate=none") == 0);

    check_refused(remove("/templates/" + frame), 1130);
    // The body that is not edited is not complained about.
    check_refused(put("/templates/frame", R"({"HtmlBody":"x"})"), 1131,
                  "The layout content placeholder must be present");
    check_refused(put("/templates/frame", R"({"TextBody":"{{{@content}}}{{{@content}}}"})"), 1131);
    BOOST_TEST(put("/templates/frame", R"({"TextBody":"<{{{@content}}}>"})").status == 200);
    BOOST_TEST(put("/templates/" + id, R"({"LayoutTemplate":""})").value().at("LayoutTemplate").is_null());
    BOOST_TEST(get("/templates/" + id).value().at("LayoutTemplate").is_null());
    BOOST_TEST(remove("/templates/" + frame).status == 200);
}

BOOST_FIXTURE_TEST_CASE(refuses_wrong_templates, template_fixture)
{
    auto const create = [&](std::string const& body) { return post("/templates", body); };
    id_of(create(standard("Taken", R"(,"Alias":"taken")")));
    check_refused(create(""), 1109);
    check_refused(put("/templates/taken"), 1109);
    check_refused(create("{"), 402);
    check_refused(create(R"({"Name":1})"), 403, "$.Name");
    check_refused(create("{}"), 1120, "Name");
    check_refused(create(R"({"Name":"x","HtmlBody":"x"})"), 1120, "Subject");
    check_refused(create(R"({"Name":"x","Subject":"x"})"), 1120, "HtmlBody");
    check_refused(put("/templates/taken", R"({"Subject":""})"), 1120);
    check_refused(create(standard(std::string(1001, 'x'))), 1121);
    check_refused(create(standard("x", R"(,"TemplateType":"Odd")")), 1122);
    check_refused(create(standard("x", R"(,"Alias":"1x")")), 1122);
    check_refused(create(standard("x", R"(,"Alias":"a/b")")), 1122);
    check_refused(create(standard("x", R"(,"Alias":"TAKEN")")), 1122);
    check_refused(create(R"({"Name":"x","Subject":"{{#a}}","TextBody":"x"})"), 1122, "line 1, character 1");
    check_refused(create(R"({"Name":"x","TemplateType":"Layout","Subject":"x","HtmlBody":"{{{@content}}}"})"), 1123);
    check_refused(
        create(R"({"Name":"x","TemplateType":"Layout","LayoutTemplate":"taken","HtmlBody":"{{{@content}}}"})"), 1123);
    check_refused(create(R"({"Name":"x","TemplateType":"Layout","HtmlBody":"x"})"), 1131);
    check_refused(create(standard("x", R"(,"LayoutTemplate":"none")")), 1101);
    check_refused(create(standard("x", R"(,"LayoutTemplate":"taken")")), 1101);
    check_refused(get("/templates/none"), 1101, "The 'TemplateId' associated with this request is not valid");
    check_refused(get("/templates?count=501&offset=0"), 1100);
    check_refused(get("/templates?offset=0"), 1100);
    check_refused(get("/templates?count=1&offset=0&TemplateType=Odd"), 1100);
    BOOST_TEST(number_of(get("/templates?count=1&offset=0").value(), "TotalCount") == 1);

    for (int count = 1; count < 100; ++count) {
        id_of(create(standard("Many")));
    }
    check_refused(create(standard("Many")), 1105);
    remove("/templates/taken");
    BOOST_TEST(create(standard("Many")).status == 200);
}

BOOST_FIXTURE_TEST_CASE(sends_by_template_are_checked_in_order, template_fixture)
{
    id_of(post("/templates", standard("Known")));
    auto const batch = post("/email/batchWithTemplates", R"({"Messages":[
        {"From":"a@b.c","To":"x@y.z","TemplateAlias":"none"},
        {"From":"a@b.c","To":"x@y.z","TemplateAlias":"known"},
        {"From":"a@b.c","To":"x@y.z","TemplateAlias":"known","TemplateModel":{"pm:x":1}},
        {"From":"a@b.c","To":"x@y.z","TemplateAlias":"Known","TemplateModel":{},"InlineCss":false}]})")
                           .value();
    // An unknown alias is reported before a model that is missing.
    BOOST_TEST(number_of(batch.at(0), "ErrorCode") == 1101);
    BOOST_TEST(number_of(batch.at(1), "ErrorCode") == 1120);
    BOOST_TEST(number_of(batch.at(2), "ErrorCode") == 1122);
    BOOST_TEST(number_of(batch.at(3), "ErrorCode") == 0);
    // Templates belong to one server.
    auto const token =
        json::value_to<std::string>(account("POST", "/servers", R"({"Name":"Other"})").value().at("ApiTokens").at(0));
    check_refused(as(token, "POST", "/email/withTemplate",
                     R"({"From":"a@b.c","To":"x@y.z","TemplateAlias":"known","TemplateModel":{}})"),
                  1101);
    // The link to unsubscribe is set in on delivery.
    sandbox.add_template("news", 7, "s", "{{{ pm:unsubscribe }}}", "{{name}}");
    BOOST_TEST(send("news", "{}").status == 200);
    BOOST_TEST(sandbox.messages().back().html == "{{{ pm:unsubscribe }}}");
}

BOOST_FIXTURE_TEST_CASE(validates_templates, template_fixture)
{
    auto const good = validate(R"("Subject":"{{#company}}{{name}}{{/company}} {{subjectHeadline}}","TextBody":"Hi",
        "HtmlBody":"{{#each items}}<b>{{title}}</b>{{/each}}{{order.number}}{{^empty}}-{{/empty}}{{known}}",
        "TestRenderModel":{"known":"<k>","company":{"name":"C"}},"TemplateType":"","inlineCssForHtmlTestRender":true)");
    BOOST_TEST(good.at("AllContentIsValid").as_bool());
    BOOST_TEST(text_of(good.at("Subject"), "RenderedContent") == "C subjectHeadline_Value");
    BOOST_TEST(text_of(good.at("HtmlBody"), "RenderedContent") ==
               "<b>title_Value</b><b>title_Value</b><b>title_Value</b>number_Value&lt;k&gt;");
    BOOST_TEST(good.at("HtmlBody").at("ValidationErrors").as_array().empty());
    auto const& model = good.at("SuggestedTemplateModel");
    BOOST_TEST(model.at("items").as_array().size() == 3U);
    BOOST_TEST(text_of(model.at("order"), "number") == "number_Value");
    BOOST_TEST(text_of(model, "known") == "<k>");
    BOOST_TEST(text_of(model, "empty") == "empty_Value");

    auto const bad = validate(R"("HtmlBody":"line\n  {{#open}}\n{{a b}}","TextBody":"{{x")");
    BOOST_TEST(!bad.at("AllContentIsValid").as_bool());
    BOOST_TEST(bad.at("Subject").is_null());
    auto const& errors = bad.at("HtmlBody").at("ValidationErrors").as_array();
    BOOST_REQUIRE(errors.size() == 2U);
    BOOST_TEST(number_of(errors[0], "Line") == 3);
    BOOST_TEST(number_of(errors[0], "CharacterPosition") == 1);
    BOOST_TEST(number_of(errors[1], "Line") == 2);
    BOOST_TEST(number_of(errors[1], "CharacterPosition") == 3);
    BOOST_TEST(bad.at("HtmlBody").at("RenderedContent").is_null());
    BOOST_TEST(!bad.at("TextBody").at("ContentIsValid").as_bool());

    id_of(post("/templates", layout("frame")));
    auto const framed = validate(R"("HtmlBody":"{{x}}","TextBody":"t","LayoutTemplate":"frame")");
    BOOST_TEST(text_of(framed.at("HtmlBody"), "RenderedContent") == "<html>x_Value</html>");
    BOOST_TEST(text_of(framed.at("TextBody"), "RenderedContent") == "[t]");
    BOOST_TEST(!validate(R"("HtmlBody":"x","TemplateType":"Layout")").at("AllContentIsValid").as_bool());
    BOOST_TEST(validate(R"("HtmlBody":"{{{@content}}}","TemplateType":"Layout")").at("AllContentIsValid").as_bool());

    check_refused(post("/templates/validate"), 1109);
    check_refused(post("/templates/validate", "{}"), 1120);
    check_refused(post("/templates/validate", R"({"HtmlBody":"x","TestRenderModel":[]})"), 403, "$.TestRenderModel");
    check_refused(post("/templates/validate", R"({"HtmlBody":"x","LayoutTemplate":"none"})"), 1101);
    check_refused(post("/templates/validate", R"({"HtmlBody":"x","TemplateType":"Odd"})"), 1122);
}

BOOST_FIXTURE_TEST_CASE(bounds_the_work_of_a_template, template_fixture)
{
    std::string source;
    std::string end;
    std::string path = "xs";
    for (int level = 0; level < 20; ++level) {
        source += "{{#each " + path + "}}";
        end += "{{/each}}";
        path.insert(0, "../");
    }
    sandbox.add_template("loops", 7, "s", source + end, "t");
    check_refused(send("loops", R"({"xs":[1,1,1,1,1,1,1,1,1,1]})"), 1122);
}

BOOST_FIXTURE_TEST_CASE(bounds_the_suggested_model, template_fixture)
{
    std::string lists;
    std::string end;
    for (int level = 0; level < 12; ++level) {
        lists += "{{#each a}}";
        end += "{{/each}}";
    }
    auto const nested = validate(R"("TextBody":")" + lists + "{{x}}" + end + '"');
    BOOST_TEST(nested.at("AllContentIsValid").as_bool());
    BOOST_TEST(nested.at("SuggestedTemplateModel").at("a").as_array().size() == 3U);
    BOOST_TEST(json::serialize(nested).size() < 100'000U);

    std::string names;
    for (int count = 0; count < 20'000; ++count) {
        names += "{{n" + std::to_string(count) + "}}";
    }
    auto const wide = validate(R"("TextBody":")" + names + '"');
    BOOST_TEST(wide.at("SuggestedTemplateModel").as_object().size() < 20'000U);

    std::string path = "a";
    for (int count = 0; count < 1'000'000; ++count) {
        path += ".a";
    }
    BOOST_TEST(!validate(R"("TextBody":"{{)" + path + "}}\"").at("AllContentIsValid").as_bool());
}

BOOST_FIXTURE_TEST_CASE(pushes_templates_to_another_server, template_fixture)
{
    auto const own = number_of(get("/server").value(), "ID");
    auto const other_server = account("POST", "/servers", R"({"Name":"Other"})").value();
    auto const other = number_of(other_server, "ID");
    auto const token = json::value_to<std::string>(other_server.at("ApiTokens").at(0));
    auto const push = [&](std::string const& from, std::string const& to, bool perform) {
        return account("PUT", "/templates/push",
                       R"({"SourceServerId":)" + from + R"(,"DestinationServerID":)" + to + R"(,"PerformChanges":)" +
                           (perform ? "true}" : "false}"));
    };
    auto const from = std::to_string(own);
    auto const to = '"' + std::to_string(other) + '"';
    check_refused(push(from, to, true), 1124);
    id_of(post("/templates", layout("frame")));
    id_of(post("/templates", standard("Mail", R"(,"Alias":"mail","LayoutTemplate":"frame")")));

    auto const total = [&] { return number_of(as(token, "GET", "/templates?count=9&offset=0").value(), "TotalCount"); };
    auto const trial = push(from, to, false).value();
    BOOST_TEST(number_of(trial, "TotalCount") == 2);
    BOOST_TEST(text_of(trial.at("Templates").at(0), "Action") == "Create");
    BOOST_TEST(text_of(trial.at("Templates").at(0), "TemplateType") == "Layout");
    BOOST_TEST(!trial.at("Templates").at(0).as_object().contains("TemplateId"));
    BOOST_TEST(total() == 0);

    auto const done = push(from, to, true).value();
    BOOST_TEST(total() == 2);
    auto const& mail_step = done.at("Templates").at(1);
    auto const copy = as(token, "GET", "/templates/mail").value();
    BOOST_TEST(number_of(mail_step, "TemplateId") == number_of(copy, "TemplateId"));
    BOOST_TEST(text_of(copy, "LayoutTemplate") == "frame");
    BOOST_TEST(number_of(copy, "AssociatedServerId") == other);
    BOOST_TEST(number_of(copy, "TemplateId") != number_of(get("/templates/mail").value(), "TemplateId"));

    put("/templates/mail", R"({"Name":"Changed"})");
    auto const again = push(from, to, true).value();
    BOOST_TEST(text_of(again.at("Templates").at(1), "Action") == "Edit");
    BOOST_TEST(total() == 2);
    BOOST_TEST(text_of(as(token, "GET", "/templates/mail").value(), "Name") == "Changed");

    check_refused(push("1", "2", true), 601, "The source and destination servers were not found.");
    check_refused(push(from, "2", true), 601, "The destination server was not found.");
    check_refused(push("1", to, true), 601, "The source server was not found.");
    check_refused(push("\"x\"", to, true), 403, "$.SourceServerID");
    as(token, "POST", "/templates", layout("odd"));
    id_of(post("/templates", standard("x", R"(,"Alias":"odd")")));
    check_refused(push(from, to, true), 1125);
}

BOOST_FIXTURE_TEST_CASE(dumps_the_source_of_a_message, fixture)
{
    BOOST_TEST(post("/email", mail("ann@example.org", R"(,"HtmlBody":"<p>Hi</p>","Bcc":"hidden@example.org",
        "Attachments":[{"Name":"a.txt","Content":"aGVsbG8=","ContentType":"text/plain"}])"))
                   .status == 200);
    auto const id = sandbox.messages().front().message_id;
    auto const source = text_of(get("/messages/outbound/" + id + "/dump").value(), "Body");
    for (auto const* const part : {"From: shop@example.com\r\n", "To: ann@example.org\r\n", "Subject: Hello\r\n",
                                   "multipart/mixed", "multipart/alternative", "<p>Hi</p>", "aGVsbG8="}) {
        BOOST_TEST(source.find(part) != std::string::npos);
    }
    BOOST_TEST(source.find("hidden@example.org") == std::string::npos);
    BOOST_TEST(text_of(get("/messages/outbound/" + id + "/details?includeMessageContent=Full").value(), "Body") ==
               source);
    check_refused(get("/messages/outbound/00000000-0000-0000-0000-000000000000/dump"), 701,
                  "This message was not found.");
}

BOOST_AUTO_TEST_SUITE_END()
