// SPDX-License-Identifier: BSL-1.0

#include "api_summary.hpp"

#include <postmark/api/templates.hpp>

#include <string>
#include <string_view>

using namespace postmark;
using namespace api_test;

BOOST_AUTO_TEST_SUITE(protocol_api_templates)

BOOST_AUTO_TEST_CASE(listing_requests)
{
    BOOST_TEST(summary(get_templates{}) == "GET /templates?Count=500&Offset=0 server repeatable");
    get_templates filtered{20, 40};
    filtered.template_type = "Standard";
    filtered.layout_template = "frame";
    BOOST_TEST(summary(filtered) ==
               "GET /templates?Count=20&Offset=40&TemplateType=Standard&LayoutTemplate=frame server repeatable");
    BOOST_TEST(summary(get_templates{0}) == "count: expected 1 to 500");
    BOOST_TEST(summary(get_templates{501}) == "count: expected 1 to 500");
    BOOST_TEST(summary(get_templates{1, -1}) == "offset: is negative");
    // The service does not limit how far the offset goes.
    BOOST_TEST(summary(get_templates{500, 20000}) == "GET /templates?Count=500&Offset=20000 server repeatable");
}

BOOST_AUTO_TEST_CASE(a_template_is_found_by_id_or_alias)
{
    BOOST_TEST(summary(get_template{"1234"}) == "GET /templates/1234 server repeatable");
    BOOST_TEST(summary(get_template{"a/b c?"}) == "GET /templates/a%2Fb%20c%3F server repeatable");
    BOOST_TEST(summary(get_template{}) == "id_or_alias: is empty");
    BOOST_TEST(summary(get_template{".."}).starts_with("id_or_alias: "));
    BOOST_TEST(summary(delete_template{"welcome"}) == "DELETE /templates/welcome server repeatable");
    BOOST_TEST(summary(delete_template{}) == "id_or_alias: is empty");
    BOOST_TEST(summary(edit_template{}) == "id_or_alias: is empty");
}

BOOST_AUTO_TEST_CASE(creating_requests)
{
    create_template request;
    BOOST_TEST(summary(request) == "name: is empty");
    request.name = "Welcome";
    BOOST_TEST(summary(request) == R"(POST /templates server once {"Name":"Welcome"})");
    request.alias = "welcome";
    request.subject = "Hi {{name}}";
    request.html = "<p>{{name}}</p>";
    request.text = "{{name}}";
    request.template_type = "Standard";
    request.layout_template = "frame";
    BOOST_TEST(summary(request) ==
               R"(POST /templates server once {"Name":"Welcome","Alias":"welcome","Subject":"Hi {{name}}",)"
               R"("HtmlBody":"<p>{{name}}</p>","TextBody":"{{name}}","TemplateType":"Standard",)"
               R"("LayoutTemplate":"frame"})");
}

BOOST_AUTO_TEST_CASE(editing_requests)
{
    edit_template request{"welcome"};
    BOOST_TEST(summary(request) == "PUT /templates/welcome server repeatable {}");
    request.name = "Welcome";
    request.alias = "hello";
    request.subject = "Hi";
    request.html = "<p>";
    request.text = "text";
    request.layout_template = "frame";
    BOOST_TEST(summary(request) ==
               R"(PUT /templates/welcome server repeatable {"Name":"Welcome","Alias":"hello","Subject":"Hi",)"
               R"("HtmlBody":"<p>","TextBody":"text","LayoutTemplate":"frame"})");
    // An empty text has a meaning of its own.
    edit_template clearing{"welcome"};
    clearing.html = "";
    clearing.text = "";
    clearing.layout_template = "";
    BOOST_TEST(summary(clearing) ==
               R"(PUT /templates/welcome server repeatable {"HtmlBody":"","TextBody":"","LayoutTemplate":""})");
}

BOOST_AUTO_TEST_CASE(validation_requests)
{
    validate_template request;
    BOOST_TEST(summary(request) == "subject, html, text: all are empty");
    request.subject = "{{a}}";
    BOOST_TEST(summary(request) == R"(POST /templates/validate server repeatable {"Subject":"{{a}}"})");
    request.html = "<p>";
    request.text = "t";
    request.test_render_model = R"({"a":[1,2.5]})";
    request.inline_css_for_html_test_render = false;
    request.template_type = "Layout";
    request.layout_template = "frame";
    BOOST_TEST(summary(request) ==
               R"(POST /templates/validate server repeatable {"Subject":"{{a}}","HtmlBody":"<p>","TextBody":"t",)"
               R"("TestRenderModel":{"a":[1,2.5]},"InlineCssForHtmlTestRender":false,"TemplateType":"Layout",)"
               R"("LayoutTemplate":"frame"})");
    request.test_render_model = "{\"a\":\n1}";
    BOOST_TEST(printed(request).find("TestRenderModel: {\"a\": 1}") != std::string::npos, printed(request));
    request.test_render_model = R"({"a":1},"Name":"x")";
    BOOST_TEST(summary(request) == "test_render_model: expected the text of a JSON object");
}

BOOST_AUTO_TEST_CASE(pushing_requests)
{
    BOOST_TEST(summary(push_templates{1001, 1002}) ==
               R"(PUT /templates/push account repeatable {"SourceServerID":1001,"DestinationServerID":1002,)"
               R"("PerformChanges":false})");
    BOOST_TEST(summary(push_templates{1, 2, true}) ==
               R"(PUT /templates/push account repeatable {"SourceServerID":1,"DestinationServerID":2,)"
               R"("PerformChanges":true})");
    BOOST_TEST(summary(push_templates{}) == "source_server_id: is not set");
    BOOST_TEST(summary(push_templates{1, 0}) == "destination_server_id: is not set");
}

BOOST_AUTO_TEST_CASE(a_page_of_templates)
{
    auto const reply = read_good<templates_reply>(R"({"TotalCount":2,"Templates":[
        {"TemplateId":1234,"Name":"Welcome","Active":true,"Alias":"welcome","TemplateType":"Standard",
         "LayoutTemplate":"frame","New":{}},
        {"TemplateID":"7","Name":"Old","Active":"True","Alias":null,"LayoutTemplate":null}]})");
    BOOST_TEST(reply.total_count == 2);
    BOOST_REQUIRE(reply.templates.size() == 2u);
    BOOST_TEST(reply.templates[0].template_id == 1234);
    BOOST_TEST(reply.templates[0].name == "Welcome");
    BOOST_TEST(reply.templates[0].active);
    BOOST_TEST(reply.templates[0].alias == "welcome");
    BOOST_TEST(reply.templates[0].template_type == "Standard");
    BOOST_TEST(reply.templates[0].layout_template == "frame");
    // Replies of 2016 have fewer keys, and a description of the service spells the id in another way.
    BOOST_TEST(reply.templates[1].template_id == 7);
    BOOST_TEST(reply.templates[1].active);
    BOOST_TEST(reply.templates[1].alias == "");
    BOOST_TEST(reply.templates[1].template_type == "");
    BOOST_TEST(problem_of<templates_reply>(R"({"Templates":[{},{"TemplateId":"x"}]})") ==
               "Templates[1].TemplateId: expected a number");
    check_empty_replies<templates_reply>();
}

BOOST_AUTO_TEST_CASE(one_template)
{
    auto const reply = read_good<template_reply>(R"({"TemplateId":1234,"Name":"Welcome","Active":false,
        "Alias":"welcome","TemplateType":"Layout","LayoutTemplate":"frame","Subject":"s","HtmlBody":"h","TextBody":"t",
        "AssociatedServerId":23})");
    BOOST_TEST(reply.template_id == 1234);
    BOOST_TEST(reply.name == "Welcome");
    BOOST_TEST(!reply.active);
    BOOST_TEST(reply.alias == "welcome");
    BOOST_TEST(reply.template_type == "Layout");
    BOOST_TEST(reply.layout_template == "frame");
    BOOST_TEST(reply.subject == "s");
    BOOST_TEST(reply.html == "h");
    BOOST_TEST(reply.text == "t");
    BOOST_TEST(reply.associated_server_id == 23);
    auto const layout = read_good<template_reply>(R"({"TemplateId":1,"Subject":null,"HtmlBody":null,"TextBody":null})");
    BOOST_TEST(layout.subject == "");
    BOOST_TEST(problem_of<template_reply>(R"({"HtmlBody":{}})") == "HtmlBody: expected a string");
    check_empty_replies<template_reply>();

    auto const changed = read_good<template_info_reply>(R"({"TemplateId":5,"Name":"N","Active":true,"Alias":"n"})");
    BOOST_TEST(changed.template_id == 5);
    BOOST_TEST(changed.alias == "n");
    BOOST_TEST(printed(changed) ==
               R"(template_info_reply{http_status: 0, {TemplateId: 5, Name: "N", Active: true, Alias: "n"}})");
    BOOST_TEST(problem_of<template_info_reply>(R"({"Active":1})") == "Active: expected true or false");
    check_empty_replies<template_info_reply>();

    check_empty_replies<acknowledgement>();
    BOOST_TEST(problem_of<acknowledgement>(R"({"ErrorCode":0,"Message":"Template 1234 removed."})") == "");
}

BOOST_AUTO_TEST_CASE(a_validation)
{
    auto const reply = read_good<template_validation_reply>(R"({"AllContentIsValid":false,
        "HtmlBody":{"ContentIsValid":false,"ValidationErrors":[
            {"Message":"Unclosed","Line":2,"CharacterPosition":17},{"Message":"Other","Line":null}],
            "RenderedContent":null},
        "TextBody":{"ContentIsValid":true,"ValidationErrors":[],"RenderedContent":"Hi Ann"},
        "Subject":null,
        "SuggestedTemplateModel":{"name":"name_Value","list":[{"price":19.9}]}})");
    BOOST_TEST(!reply.all_content_is_valid);
    BOOST_REQUIRE(reply.html.has_value());
    BOOST_TEST(!reply.html->content_is_valid);
    BOOST_REQUIRE(reply.html->validation_errors.size() == 2u);
    BOOST_TEST(reply.html->validation_errors[0].message == "Unclosed");
    BOOST_TEST(reply.html->validation_errors[0].line.value() == 2);
    BOOST_TEST(reply.html->validation_errors[0].character_position.value() == 17);
    BOOST_TEST(!reply.html->validation_errors[1].line.has_value());
    BOOST_TEST(!reply.html->validation_errors[1].character_position.has_value());
    BOOST_TEST(reply.html->rendered_content == "");
    BOOST_REQUIRE(reply.text.has_value());
    BOOST_TEST(reply.text->content_is_valid);
    BOOST_TEST(reply.text->rendered_content == "Hi Ann");
    // Parts that were not validated are null.
    BOOST_TEST(!reply.subject.has_value());
    BOOST_TEST(reply.suggested_template_model == R"({"name":"name_Value","list":[{"price":19.9}]})");
    BOOST_TEST(read_good<template_validation_reply>(R"({"SuggestedTemplateModel":null})").suggested_template_model ==
               "");
    BOOST_TEST(problem_of<template_validation_reply>(R"({"HtmlBody":{"ValidationErrors":[{"Line":"two"}]}})") ==
               "HtmlBody.ValidationErrors[0].Line: expected a number");
    BOOST_TEST(problem_of<template_validation_reply>(R"({"SuggestedTemplateModel":[]})") ==
               "SuggestedTemplateModel: expected an object");
    check_empty_replies<template_validation_reply>();
}

BOOST_AUTO_TEST_CASE(pushed_templates)
{
    auto const reply = read_good<pushed_templates_reply>(R"({"TotalCount":2,"Templates":[
        {"Action":"Edit","TemplateId":7,"Alias":"welcome","Name":"Welcome","TemplateType":"Standard"},
        {"Action":"Create","Name":"Frame","TemplateType":"Layout"}]})");
    BOOST_TEST(reply.total_count == 2);
    BOOST_REQUIRE(reply.templates.size() == 2u);
    BOOST_TEST(reply.templates[0].action == "Edit");
    BOOST_TEST(reply.templates[0].template_id == 7);
    BOOST_TEST(reply.templates[0].alias == "welcome");
    BOOST_TEST(reply.templates[0].name == "Welcome");
    BOOST_TEST(reply.templates[0].template_type == "Standard");
    // A template that does not exist yet has no id.
    BOOST_TEST(reply.templates[1].template_id == 0);
    BOOST_TEST(reply.templates[1].alias == "");
    BOOST_TEST(problem_of<pushed_templates_reply>(R"({"Templates":[null]})") == "Templates[0]: expected an object");
    check_empty_replies<pushed_templates_reply>();
}

BOOST_AUTO_TEST_SUITE_END()
