// SPDX-License-Identifier: BSL-1.0

// Drives every method of the official client for Node: official_client.mjs PACKAGE HOST:PORT SERVER_TOKEN ACCOUNT_TOKEN
//
// Prints one JSON object per line: for each call its method, the request, the reply as text, and what the client made
// of it; at the end the methods that the client has. NODE_EXTRA_CA_CERTS names the certificate of the server.

import { createRequire } from "node:module";

const [folder, host, serverToken, accountToken] = process.argv.slice(2);
const postmark = createRequire(`${folder}/`)("postmark");

let last = null;

/** The client's way to the network, with a look at what passes. */
async function recordingFetch(url, init) {
  const response = await fetch(url, init);
  const text = await response.clone().text();
  last = { method: init.method, path: new URL(url).pathname, status: response.status, text };
  return response;
}

const options = { requestHost: host, fetch: recordingFetch };
const clients = {
  server: new postmark.ServerClient(serverToken, options),
  account: new postmark.AccountClient(accountToken, options),
};
const print = (line) => console.log(JSON.stringify(line));

async function call(kind, name, args, fails = false) {
  last = null;
  const line = { client: kind, name };
  try {
    line.value = await clients[kind][name](...args);
  } catch (error) {
    line.error = { code: error.code, status: error.statusCode, message: error.message, name: error.name };
  }
  line.exchange = last;
  line.fails = fails;
  print(line);
  if (Boolean(line.error) !== fails) {
    throw new Error(`${name}: ${JSON.stringify(line)}`);
  }
  return line.value;
}

const server = (name, ...args) => call("server", name, args);
const account = (name, ...args) => call("account", name, args);
const refused = (kind, name, ...args) => call(kind, name, args, true);

/** Calls an endpoint of the sandbox itself. */
async function control(path, body = {}) {
  const headers = { "X-Postmark-Sandbox": "1", "Content-Type": "application/json" };
  const response = await fetch(`https://${host}/__sandbox${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  if (response.status !== 200) {
    throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }
}

const mail = (more = {}) => ({
  From: "Shop <shop@example.com>",
  To: "Ann <ann@example.org>",
  Subject: "Hello",
  TextBody: "Hello.",
  HtmlBody: '<a href="https://example.com/a">Hello</a>',
  Tag: "greeting",
  TrackOpens: true,
  TrackLinks: "HtmlAndText",
  Metadata: { order: "7" },
  ...more,
});
const templated = (more = {}) => ({
  From: "shop@example.com",
  To: "ben@example.org",
  TemplateAlias: "welcome-all",
  TemplateModel: { name: "Ben" },
  ...more,
});

const parts = {
  async servers() {
    const current = await server("getServer");
    await server("editServer", { Name: current.Name, Color: "green", TrackOpens: true });
    const made = await account("createServer", { Name: "A second server", Color: "red" });
    await account("getServer", made.ID);
    await account("editServer", made.ID, { Name: "Renamed" });
    await account("getServers", { count: 10, offset: 0 });
    await account("deleteServer", made.ID);
    await refused("account", "getServer", made.ID);
  },

  async streams() {
    await server("createMessageStream", { ID: "news", Name: "News", MessageStreamType: "Broadcasts" });
    await server("getMessageStreams", { messageStreamType: "Broadcasts" });
    await server("getMessageStream", "news");
    await server("editMessageStream", "news", { Name: "Newsletter" });
    await server("archiveMessageStream", "news");
    await server("unarchiveMessageStream", "news");
    await refused("server", "getMessageStream", "no-such-stream");
  },

  async suppressions() {
    const entries = { Suppressions: [{ EmailAddress: "gone@example.org" }, { EmailAddress: "no address" }] };
    await server("createSuppressions", "outbound", entries);
    await server("getSuppressions", "outbound");
    await refused("server", "sendEmail", mail({ To: "gone@example.org" }));
    await server("deleteSuppressions", "outbound", entries);
  },

  async templates() {
    const layout = "<html>{{{ @content }}}</html>";
    await server("createTemplate", { Name: "Frame", Alias: "frame", TemplateType: "Layout", HtmlBody: layout });
    const made = await server("createTemplate", {
      Name: "Welcome",
      Alias: "welcome-all",
      Subject: "Hello {{name}}",
      HtmlBody: "<b>{{name}}</b>",
      LayoutTemplate: "frame",
    });
    await server("getTemplates");
    await server("getTemplate", made.TemplateId);
    await server("editTemplate", made.TemplateId, { Name: "Welcome to all" });
    await server("validateTemplate", { Subject: "{{a}}", TextBody: "{{broken", TestRenderModel: { a: "b" } });
    await server("sendEmailWithTemplate", templated());
    await server("sendEmailBatchWithTemplates", [templated(), templated({ To: "cy@example.org" })]);
    const source = await server("getServer");
    const target = await account("createServer", { Name: "The target of a push" });
    await account("pushTemplates", {
      SourceServerID: source.ID,
      DestinationServerID: target.ID,
      PerformChanges: true,
    });
    await server("deleteTemplate", "welcome-all");
    await refused("server", "getTemplate", "no-such-template");
  },

  async email() {
    await server("sendEmail", mail());
    await server("sendEmailBatch", [mail({ To: "ben@example.org" }), mail({ To: "no address" })]);
    await refused("server", "sendEmail", mail({ To: "no address" }));
  },

  async bounces() {
    const sent = await server("sendEmail", mail({ To: "hard@example.org" }));
    await control(`/messages/${sent.MessageID}/bounced`, { Type: "HardBounce" });
    const page = await server("getBounces", { count: 10, offset: 0 });
    await server("getBounce", page.Bounces[0].ID);
    await server("getBounceDump", page.Bounces[0].ID);
    await server("getDeliveryStatistics");
    await server("activateBounce", page.Bounces[0].ID);
    await refused("server", "getBounce", 1);
  },

  async messages() {
    const id = (await server("sendEmail", mail())).MessageID;
    for (const event of ["delivered", "opened", "clicked"]) {
      await control(`/messages/${id}/${event}`);
    }
    await server("getOutboundMessages", { count: 10, offset: 0 });
    await server("getOutboundMessageDetails", id);
    await server("getOutboundMessageDump", id);
    await server("getMessageOpens", { count: 10, offset: 0 });
    await server("getMessageOpensForSingleMessage", id);
    await server("getMessageClicks", { count: 10, offset: 0 });
    await server("getMessageClicksForSingleMessage", id);
    await refused("server", "getOutboundMessageDetails", "00000000-0000-0000-0000-000000000000");
  },

  async inbound() {
    const found = {};
    for (const status of ["blocked", "failed", "processed"]) {
      const Status = status[0].toUpperCase() + status.slice(1);
      await control("/inbound", { From: "ann@example.org", To: "in@example.com", Subject: "S", TextBody: "T", Status });
      const page = await server("getInboundMessages", { count: 10, offset: 0, status });
      found[status] = page.InboundMessages[0].MessageID;
    }
    await server("getInboundMessageDetails", found.processed);
    await server("bypassBlockedInboundMessage", found.blocked);
    await server("retryInboundHookForMessage", found.failed);
    await refused("server", "bypassBlockedInboundMessage", found.processed);
  },

  async statistics() {
    for (const name of [
      "getOutboundOverview",
      "getSentCounts",
      "getBounceCounts",
      "getSpamComplaintsCounts",
      "getTrackedEmailCounts",
      "getEmailOpenCounts",
      "getEmailOpenPlatformUsage",
      "getEmailOpenClientUsage",
      "getEmailOpenReadTimes",
      "getClickCounts",
      "getClickBrowserUsage",
      "getClickPlatformUsage",
      "getClickLocation",
    ]) {
      await server(name);
    }
  },

  async rules() {
    const made = await server("createInboundRuleTrigger", { Rule: "spam@example.org" });
    await server("getInboundRuleTriggers", { count: 10, offset: 0 });
    await server("deleteInboundRuleTrigger", made.ID);
  },

  async domains() {
    const made = await account("createDomain", { Name: "shop.example.com", ReturnPathDomain: "pm.shop.example.com" });
    await account("getDomains", { count: 10, offset: 0 });
    await account("getDomain", made.ID);
    await account("editDomain", made.ID, { ReturnPathDomain: "pm2.shop.example.com" });
    await control(`/domains/${made.ID}/verified`);
    await account("verifyDomainDKIM", made.ID);
    await account("verifyDomainReturnPath", made.ID);
    await account("verifyDomainSPF", made.ID);
    await account("rotateDomainDKIM", made.ID);
    await account("deleteDomain", made.ID);
    await refused("account", "getDomain", made.ID);
  },

  async senders() {
    // A signature has the DNS records of its domain, whose key can be renewed once it has been seen.
    const domain = await account("createDomain", { Name: "shop.example.net" });
    await control(`/domains/${domain.ID}/verified`);
    const made = await account("createSenderSignature", { FromEmail: "ann@shop.example.net", Name: "Ann" });
    await account("getSenderSignatures", { count: 10, offset: 0 });
    await account("getSenderSignature", made.ID);
    await account("editSenderSignature", made.ID, { Name: "Ann of the shop" });
    await account("resendSenderSignatureConfirmation", made.ID);
    await account("verifySenderSignatureSPF", made.ID);
    await account("requestNewDKIMForSenderSignature", made.ID);
    await refused("account", "requestNewDKIMForSenderSignature", made.ID);
    await account("deleteSenderSignature", made.ID);
  },

  async webhooks() {
    const Triggers = { Open: { Enabled: true } };
    const made = await server("createWebhook", { Url: "https://example.com/hook", Triggers });
    await server("getWebhooks");
    await server("getWebhook", made.ID);
    await server("editWebhook", made.ID, { Url: "https://example.com/other" });
    await server("deleteWebhook", made.ID);
    await refused("server", "getWebhook", made.ID);
  },

  async bulk() {
    const made = await server("sendBulkEmail", {
      From: "shop@example.com",
      Subject: "News",
      TextBody: "Hello {{name}}",
      MessageStream: "broadcast",
      Messages: [{ To: "ann@example.org", TemplateModel: { name: "Ann" } }],
    });
    await server("getBulkEmailStatus", made.ID ?? made.Id);
  },

  async removals() {
    const made = await account("requestDataRemoval", {
      RequestedBy: "owner@example.com",
      RequestedFor: "ann@example.org",
    });
    await account("getDataRemovalStatus", made.ID);
  },
};

for (const part of Object.values(parts)) {
  try {
    await part();
  } catch (error) {
    print({ problem: error.message });
  }
}
for (const [kind, client] of Object.entries(clients)) {
  const own = Object.getOwnPropertyNames(Object.getPrototypeOf(client));
  print({ client: kind, methods: own.filter((name) => name !== "constructor") });
}
