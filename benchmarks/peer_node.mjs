// SPDX-License-Identifier: BSL-1.0

// The same work with Node's official package `postmark`, as many calls outstanding as there are callers.

import postmark from "postmark";

const options = { mode: "single", callers: "64", body: "300", attachment: "1048576", batch: "500", host: "127.0.0.1" };
for (let i = 2; i + 1 < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];

// As in workload.hpp.
const lines =
    "Dear Ann,\nyour order has been shipped, and should be with you on Thursday.\n" +
    'The parcel service calls it "17-42"; ask us if it does not arrive.\n' +
    "You find your invoice in your account, together with all others.\n";
const text = lines.repeat(Math.ceil(Number(options.body) / lines.length)).slice(0, Number(options.body));
const file = Buffer.alloc(Number(options.attachment), 7);

function makeMessage() {
    const message = {
        From: "Shop <shop@example.com>",
        To: "ann@example.com",
        Subject: "Your order 17 has left",
        Tag: "order",
        TextBody: text,
        MessageStream: "outbound",
    };
    if (options.mode === "attachment")
        message.Attachments = [
            { Name: "invoice.pdf", Content: file.toString("base64"), ContentType: "application/pdf", ContentID: null },
        ];
    return message;
}

const client = new postmark.ServerClient("00000000-0000-0000-0000-000000000000", {
    requestHost: `${options.host}:${options.port}`,
});
const batch = Number(options.batch);
const times = [];
let messages = 0;

async function send() {
    const started = process.hrtime.bigint();
    if (options.mode === "batch") {
        const receipts = await client.sendEmailBatch(Array.from({ length: batch }, makeMessage));
        messages += receipts.length;
    } else {
        await client.sendEmail(makeMessage());
        messages += 1;
    }
    times.push(Number(process.hrtime.bigint() - started) / 1000);
}

async function keepSending(goOn) {
    while (goOn()) await send();
}

async function phase(makeGoOn) {
    await Promise.all(Array.from({ length: Number(options.callers) }, () => keepSending(makeGoOn())));
}

let left = options.mode === "single" ? 500 : 4;
await phase(() => () => left-- > 0);

times.length = 0;
messages = 0;
const cpu = process.cpuUsage();
const started = process.hrtime.bigint();
if (options.count) {
    left = Math.ceil(Number(options.count) / (options.mode === "batch" ? batch : 1));
    await phase(() => () => left-- > 0);
} else {
    const end = started + BigInt(Math.round(Number(options.seconds) * 1e9));
    await phase(() => () => process.hrtime.bigint() < end);
}
const used = process.cpuUsage(cpu);
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
times.sort((a, b) => a - b);
const quantile = (part) => times[Math.floor(part * (times.length - 1))] ?? 0;
console.log(
    JSON.stringify({
        mode: options.mode,
        callers: Number(options.callers),
        messages,
        failures: 0,
        seconds,
        cpu_seconds: (used.user + used.system) / 1e6,
        user_seconds: used.user / 1e6,
        system_seconds: used.system / 1e6,
        p50_us: quantile(0.5),
        p99_us: quantile(0.99),
        peak_bytes: process.resourceUsage().maxRSS * 1024,
    }),
);
process.exit(0);
