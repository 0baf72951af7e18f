# SPDX-License-Identifier: BSL-1.0

"""Where the OpenAPI files differ from the service, and the library is right to differ from them.

Each row: the operation, the part of it, the path of the value, the kind of difference, and the reason. A star in the
first three means any text. A row that applies to nothing fails the test.

Parts: `query` and `body` are what the client sends; `reply` is a reply that is made from the file's schema and read by
the client; `sandbox` is the sandbox's own reply. Kinds: `unknown`, the file has no such key; `missing`, the client
never sends it; `required`, the file demands it; `not read`; `differs`; `null`; `type`; `enum`.
"""

OLDER = "the files are older than this key"

FLAWS = [
    # Sends
    ("POST /email*", "body", "*Metadata", "unknown", OLDER),
    ("POST /email*", "body", "*MessageStream", "unknown", OLDER),
    ("POST /email/*Template*", "body", "*TemplateAlias", "required", "the service wants one of id and alias"),
    ("POST /email/*Template*", "body", "*TemplateAlias", "missing", "an alias beside an id has no meaning"),
    # Bounces
    ("GET /bounces", "query", "messagestream", "unknown", OLDER),
    ("*bounces*", "sandbox", "*ID", "type", "ids of bounces are numbers"),
    ("GET /bounces", "sandbox", "Bounces[].RecordType", "unknown", OLDER),
    ("*bounces*", "sandbox", "*ServerID", "unknown", OLDER),
    ("*bounces*", "sandbox", "*MessageStream", "unknown", OLDER),
    ("*bounces*", "sandbox", "*From", "unknown", OLDER),
    ("GET /deliverystats", "sandbox", "Bounces[].TypeCode", "unknown", "vendor's clients demand it"),
    # Messages
    ("GET /messages/*", "sandbox", "*MessageStream", "unknown", OLDER),
    ("GET /messages/outbound*", "sandbox", "*Sandboxed", "unknown", OLDER),
    ("GET /messages/outbound*", "sandbox", "*Metadata", "unknown", OLDER),
    ("GET /messages/outbound*", "sandbox", "*.RecordType", "unknown", OLDER),
    ("GET /messages/outbound*", "sandbox", "*[].Name", "null", "the name of an address without one"),
    ("GET /messages/outbound/*", "sandbox", "MessageEvents[].Details.Link", "unknown", "an event of a click"),
    ("GET /messages/outbound/*", "sandbox", "MessageEvents[].Details.ClickLocation", "unknown", "an event of a click"),
    ("GET /messages/inbound*", "sandbox", "*MailboxHash", "unknown", OLDER),
    ("GET /messages/inbound*", "sandbox", "*Bcc", "unknown", OLDER),
    ("GET /messages/inbound*", "sandbox", "*BccFull", "unknown", OLDER),
    ("GET /messages/inbound/*", "sandbox", "BlockedReason", "null", "a message that was not blocked"),
    ("GET /messages/outbound*", "query", "messagestream", "unknown", OLDER),
    ("GET /messages/outbound/*s", "query", "fromdate", "unknown", "not documented, and sent by the vendor's client"),
    ("GET /messages/outbound/*s", "query", "todate", "unknown", "not documented, and sent by the vendor's client"),
    ("GET /messages/outbound", "query", "metadata_*", "unknown", OLDER),
    ("GET /messages/outbound", "query", "subject", "unknown", OLDER),
    ("GET /messages/inbound*", "reply", "*Attachments[].Content", "not read", "the service leaves it out"),
    # Templates
    ("GET /templates", "reply", "Templates API", "not read", "the service spells it Templates"),
    ("*/templates*", "*", "*TemplateType", "unknown", OLDER),
    ("*/templates*", "*", "*LayoutTemplate", "unknown", OLDER),
    ("GET /templates", "sandbox", "Templates", "unknown", "the file spells it Templates API"),
    ("GET /templates/*", "sandbox", "TemplateId", "unknown", "the file spells it TemplateID"),
    ("POST /templates/validate", "sandbox", "*Body.RenderedContent", "null", "a part that is wrong is not rendered"),
    ("DELETE /templates/*", "sandbox", "*", "unknown", "the service replies with ErrorCode and Message"),
    ("DELETE /templates/*", "reply", "*", "not read", "the service replies with ErrorCode and Message"),
    ("PUT /templates/push", "body", "*ServerID", "unknown", "the service has SourceServerID and DestinationServerID"),
    ("PUT /templates/push", "body", "*ServerId", "missing", "the service has SourceServerID and DestinationServerID"),
    # Statistics
    ("GET /stats/*", "query", "messagestream", "unknown", OLDER),
    ("GET /stats/outbound", "sandbox", "SMTPApiErrors", "unknown", "the file spells it SMTPAPIErrors"),
    ("GET /stats/outbound", "sandbox", "*Rate", "type", "rates have fractions"),
    ("GET /stats/outbound", "sandbox", "WithReadTimeRecorded", "unknown", OLDER),
    ("GET /stats/outbound/opens/emailclients", "sandbox", "*", "unknown", "the keys are the names of mail clients"),
    # Servers
    ("*/server*", "*", "*IncludeBounceContentInHook", "unknown", OLDER),
    ("*/server*", "*", "*EnableSmtpApiErrorHooks", "unknown", OLDER),
    ("*/server*", "*", "*DeliveryType", "unknown", OLDER),
    ("*/servers*", "*", "*TrackLinks", "enum", "the service has the values HtmlAndText, HtmlOnly and TextOnly"),
    # Domains and sender signatures
    ("*", "reply", "DKIMTestValue", "not read", "the service spells it DKIMTextValue"),
    ("*", "sandbox", "DKIMTextValue", "unknown", "the file spells it DKIMTestValue"),
    ("*/senders*", "*", "ConfirmationPersonalNote", "unknown", OLDER),
    ("*/domains*", "*", "CustomTracking*", "unknown", OLDER),
    ("POST /domains/*/rotatedkim", "sandbox", "SPF*", "unknown", "the service replies with the whole domain"),
    ("POST /domains/*/rotatedkim", "sandbox", "ReturnPath*", "unknown", "the service replies with the whole domain"),
]
