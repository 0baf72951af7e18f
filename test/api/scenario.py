# SPDX-License-Identifier: BSL-1.0

"""Calls of every endpoint of the service, in an order in which all of them succeed."""

from service import Missing

SHOP = "Shop <shop@example.com>"
INBOUND = {
    "From": "ann@example.org",
    "FromName": "Ann",
    "FromFull": {"Email": "ann@example.org", "Name": "Ann"},
    "To": "orders+42@inbound.example.com",
    "ToFull": [{"Email": "orders+42@inbound.example.com", "Name": "", "MailboxHash": "42"}],
    "OriginalRecipient": "orders+42@inbound.example.com",
    "Subject": "An order",
    "Date": "Thu, 5 Nov 2026 16:33:54 -0500",
    "MailboxHash": "42",
    "TextBody": "Two, please.",
    "HtmlBody": "<p>Two, please.</p>",
    "Tag": "order",
    "Headers": [{"Name": "X-Test", "Value": "yes"}],
}


def mail(**more):
    return {"From": SHOP, "To": "Ann <ann@example.org>", "Subject": "Hello", "TextBody": "Hello.",
            "HtmlBody": '<a href="https://example.com/a">Hello</a>', "Tag": "greeting", "TrackOpens": True,
            "TrackLinks": "HtmlAndText", "Metadata": {"order": "7"}, **more}


def templated(**more):
    return {"From": SHOP, "To": "ben@example.org", "TemplateModel": {"name": "Ben"}, **more}


def server(service):
    found = service.call("get_current_server")
    service.call("edit_current_server", Name=found["Name"], Color="green", TrackOpens=True, InboundSpamThreshold=5)


def servers(service):
    made = service.call("create_server", Name="A second server", Color="red", DeliveryType="Live")
    service.call("get_server", id=made["ID"])
    service.call("edit_server", id=made["ID"], Name="Renamed", TrackLinks="HtmlOnly")
    service.call("get_servers", count=10, offset=0)
    service.call("get_servers", count=10, offset=0, name="Renamed")
    service.call("delete_server", id=made["ID"])
    service.refused(601, "get_server", id=made["ID"])


def message_streams(service):
    service.call("create_message_stream", ID="news", Name="News", MessageStreamType="Broadcasts",
                 Description="Once a month")
    service.call("get_message_stream", id="news")
    service.call("edit_message_stream", id="news", Name="Newsletter")
    service.call("archive_message_stream", id="news")
    service.call("get_message_streams", MessageStreamType="All", IncludeArchivedStreams=True)
    service.call("unarchive_message_stream", id="news")
    service.refused(1226, "get_message_stream", id="no-such-stream")


def suppressions(service):
    entries = [{"EmailAddress": "gone@example.org"}, {"EmailAddress": "no address"}]
    service.call("create_suppressions", message_stream="outbound", Suppressions=entries)
    service.call("get_suppressions", message_stream="outbound", SuppressionReason="ManualSuppression",
                 Origin="Customer")
    service.refused(406, "send", Messages=[mail(To="gone@example.org")])
    service.call("delete_suppressions", message_stream="outbound", Suppressions=entries)
    service.refused(1226, "get_suppressions", message_stream="no-such-stream")


def templates(service):
    service.call("create_template", Name="Frame", Alias="frame", TemplateType="Layout",
                 HtmlBody="<html>{{{ @content }}}</html>", TextBody="{{{ @content }}}")
    made = service.call("create_template", Name="Welcome", Alias="welcome-all", Subject="Hello {{name}}",
                        HtmlBody="<b>{{name}}</b>", TextBody="{{name}}", LayoutTemplate="frame")
    service.call("get_template", id_or_alias="welcome-all")
    service.call("get_templates", Count=10, Offset=0, TemplateType="All")
    service.call("edit_template", id_or_alias=str(made["TemplateId"]), Name="Welcome to all")
    service.call("validate_template", Subject="{{subject}}", HtmlBody="{{#each rows}}{{name}}{{/each}}",
                 TextBody="{{broken", TestRenderModel={"subject": "Hello"}, TemplateType="Standard")
    service.call("send_with_template", Messages=[templated(TemplateAlias="welcome-all")])
    service.call("send_batch_with_templates", Messages=[templated(TemplateAlias="welcome-all"),
                                                        templated(TemplateId=made["TemplateId"], To="cy@example.org")])
    service.refused(1101, "get_template", id_or_alias="no-such-template")


def push(service):
    source = service.call("get_current_server")["ID"]
    target = service.call("create_server", Name="The target of a push")["ID"]
    for really in (False, True):
        service.call("push_templates", SourceServerID=source, DestinationServerID=target, PerformChanges=really)


def removal_of_templates(service):
    service.call("delete_template", id_or_alias="welcome-all")


def email(service):
    service.call("send", Messages=[mail()])
    service.call("send_batch", Messages=[mail(To="ben@example.org"), mail(To="cy@example.org", Tag="other")])
    service.call("send_batch", Messages=[mail(), mail(To="no address")])


def bounces(service):
    id_of_mail = service.call("send", Messages=[mail(To="hard@example.org")])["MessageID"]
    service.control("POST", f"/__sandbox/messages/{id_of_mail}/bounced", Type="HardBounce")
    page = service.call("get_bounces", count=50, offset=0, type="HardBounce", inactive=True)
    bounce = page["Bounces"][0]["ID"]
    service.call("get_bounce", id=bounce)
    service.call("get_bounce_dump", id=bounce)
    service.call("get_delivery_stats")
    service.call("get_bounce_tags")
    service.call("activate_bounce", id=bounce)
    service.refused(1001, "get_bounce", id=1)


def outbound_messages(service):
    id_of_mail = service.call("send", Messages=[mail()])["MessageID"]
    for event in ("delivered", "opened", "clicked"):
        service.control("POST", f"/__sandbox/messages/{id_of_mail}/{event}")
    service.call("get_outbound_messages", count=50, offset=0, tag="greeting", status="sent")
    service.call("get_outbound_message_details", message_id=id_of_mail)
    service.call("get_outbound_message_dump", message_id=id_of_mail)
    service.call("get_message_opens", count=50, offset=0)
    service.call("get_opens_of_message", message_id=id_of_mail, count=50, offset=0)
    service.call("get_message_clicks", count=50, offset=0)
    service.call("get_clicks_of_message", message_id=id_of_mail, count=50, offset=0)
    service.refused(701, "get_outbound_message_details", message_id="00000000-0000-0000-0000-000000000000")


def inbound_messages(service):
    for status in ("Processed", "Blocked", "Failed"):
        service.control("POST", "/__sandbox/inbound", **INBOUND, Status=status)
    found = {}
    for status in ("processed", "blocked", "failed"):
        page = service.call("get_inbound_messages", count=50, offset=0, status=status)
        found[status] = page["InboundMessages"][0]["MessageID"]
        service.call("get_inbound_message_details", message_id=found[status])
    service.call("bypass_inbound_message", message_id=found["blocked"])
    service.call("retry_inbound_message", message_id=found["failed"])
    service.refused(701, "get_inbound_message_details", message_id="00000000-0000-0000-0000-000000000000")


STATISTICS = ("get_outbound_overview", "get_sent_counts", "get_bounce_counts", "get_spam_complaint_counts",
              "get_tracked_email_counts", "get_email_open_counts", "get_email_open_platforms",
              "get_email_open_clients", "get_email_open_read_times", "get_click_counts", "get_click_browsers",
              "get_click_platforms", "get_click_locations")


def statistics(service):
    for name in STATISTICS:
        service.call(name)
        service.call(name, fromdate="2000-01-01", todate="2000-01-02", tag="none")


def inbound_rules(service):
    made = service.call("create_inbound_rule", Rule="spam@example.org")
    service.call("get_inbound_rules", count=50, offset=0)
    service.call("delete_inbound_rule", id=made["ID"])


def domains(service):
    made = service.call("create_domain", Name="shop.example.com", ReturnPathDomain="pm.shop.example.com")
    service.call("get_domain", id=made["ID"])
    service.call("get_domains", count=50, offset=0)
    service.call("edit_domain", id=made["ID"], ReturnPathDomain="bounces.shop.example.com")
    service.refused(505, "rotate_domain_dkim", id=made["ID"])
    service.control("POST", f"/__sandbox/domains/{made['ID']}/verified")
    service.call("verify_domain_dkim", id=made["ID"])
    service.call("verify_domain_return_path", id=made["ID"])
    service.call("verify_domain_spf", id=made["ID"])
    service.call("rotate_domain_dkim", id=made["ID"])
    service.call("delete_domain", id=made["ID"])
    service.refused(510, "get_domain", id=made["ID"])


def sender_signatures(service):
    # A signature has the DNS records of its domain, whose key can be renewed once it has been seen.
    domain = service.call("create_domain", Name="shop.example.net")
    service.control("POST", f"/__sandbox/domains/{domain['ID']}/verified")
    made = service.call("create_sender_signature", FromEmail="ann@shop.example.net", Name="Ann",
                        ReplyToEmail="replies@shop.example.net", ReturnPathDomain="pm.shop.example.net",
                        ConfirmationPersonalNote="Please confirm.")
    service.call("get_sender_signature", id=made["ID"])
    service.call("get_sender_signatures", count=50, offset=0)
    service.call("edit_sender_signature", id=made["ID"], Name="Ann of the shop")
    service.call("resend_sender_signature_confirmation", id=made["ID"])
    service.call("verify_sender_signature_spf", id=made["ID"])
    service.call("request_new_sender_signature_dkim", id=made["ID"])
    service.call("delete_sender_signature", id=made["ID"])
    service.refused(501, "get_sender_signature", id=made["ID"])


def webhooks(service):
    made = service.call("create_webhook", Url="https://example.com/hook", MessageStream="outbound",
                        HttpAuth={"Username": "u", "Password": "p"}, HttpHeaders=[{"Name": "X-A", "Value": "b"}],
                        Triggers={"Open": {"Enabled": True, "PostFirstOpenOnly": True},
                                  "Bounce": {"Enabled": True, "IncludeContent": True}})
    service.call("get_webhook", id=made["ID"])
    service.call("get_webhooks", MessageStream="outbound")
    service.call("edit_webhook", id=made["ID"], Url="https://example.com/other")
    service.call("verify_webhook", id=made["ID"])
    service.call("get_webhook_statistics", id=made["ID"])
    service.call("delete_webhook", id=made["ID"])
    service.refused(1352, "get_webhook", id=made["ID"])


def bulk(service):
    made = service.call("send_bulk", From=SHOP, Subject="News for {{name}}", TextBody="Hello {{name}}",
                        MessageStream="broadcast", Messages=[{"To": "ann@example.org", "TemplateModel": {"name": "A"}},
                                                             {"To": "ben@example.org", "TemplateModel": {"name": "B"}}])
    service.call("get_bulk_request", id=made.get("ID") or made["Id"])
    service.call("get_bulk_requests", count=20)


def data_removals(service):
    made = service.call("create_data_removal", RequestedBy="owner@example.com", RequestedFor="ann@example.org",
                        NotifyWhenCompleted=True)
    service.call("get_data_removal", id=made["ID"])


PARTS = (server, servers, message_streams, suppressions, templates, push, removal_of_templates, email, bounces,
         outbound_messages, inbound_messages, statistics, inbound_rules, domains, sender_signatures, webhooks, bulk,
         data_removals)


def play(service):
    """Calls everything. A part ends where the library or the sandbox lacks something, which the service notes."""
    for part in PARTS:
        try:
            part(service)
        except Missing:
            continue
    return service.exchanges
