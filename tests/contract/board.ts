// The board on a bakery's wall, by somebody who has the packed client, its README and /docs, and nothing else: what was ordered, what of
// it is paid. It holds a copy that it makes from the feed, has each payment told by a webhook besides, and believes no other.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

import { type Change, isAbout, type Order, Paylink, PaylinkError, type PaymentLink, verifyWebhook, WebhookError, type WebhookEvent } from "paylink-client";

const environment = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};
const paylink = new Paylink({ url: environment("PAYLINK_URL"), key: environment("PAYLINK_KEY") });

class Board {
  readonly orders = new Map<string, Order>();
  readonly links = new Map<string, PaymentLink>();

  takes(change: Change): void {
    if (isAbout(change, "order") && change.resource) this.orders.set(change.resource.id, change.resource);
    if (isAbout(change, "link") && change.resource) this.links.set(change.resource.id, change.resource);
  }

  lines(): string[] {
    return [...this.orders.values()].map((order) => `${order.number} ${order.amount} ${order.currency} ${order.tag} ${order.metadata["slice"] ?? ""}`);
  }
}

// What came by webhook, believed or not.
const told: WebhookEvent[] = [];
let disbelieved = 0;
let secret = "";
const whole = async (request: IncomingMessage): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
};
const receiver = createServer(async (request, response) => {
  try {
    told.push(await verifyWebhook({ secret, headers: request.headers, body: await whole(request) }));
    response.writeHead(204).end();
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error;
    disbelieved += 1;
    response.writeHead(400).end();
  }
});
receiver.listen(0, "127.0.0.1");
await once(receiver, "listening");
const here = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/paylink`;
const endpoint = await paylink.webhookEndpoints.create({ url: here, events: ["link.*"], description: "The board on the wall" });
secret = endpoint.secret;

// The copy: the last number, the lists, and then the feed from there on.
const board = new Board();
const seq = await paylink.lastSeq();
for await (const order of paylink.orders.list()) board.orders.set(order.id, order);
for await (const order of paylink.orders.list({ archived: true })) board.orders.set(order.id, order);
for await (const link of paylink.paymentLinks.list()) board.links.set(link.id, link);
const closing = new AbortController();
const following = (async () => {
  try {
    for await (const change of paylink.changes({ after: seq, signal: closing.signal })) board.takes(change);
  } catch (error) {
    if (!closing.signal.aborted) throw error;
  }
})();
const until = async (what: string, comes: () => boolean): Promise<void> => {
  for (let tries = 0; !comes(); tries++) {
    assert.ok(tries < 300, `${what} did not come`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
};

// A morning: an order that is corrected, asked for, and paid; one that is voided; one that is paid at the counter.
const cake = { customer: { name: "Example Buyer", phone: "+12025550123" }, currency: "usd", items: [{ description: "Cake", quantity: 2, unit_amount: "21.00" }] };
await paylink.orders.put("B/1", { ...cake, metadata: { slice: "small" } });
const order = await paylink.orders.put("B/1", { ...cake, metadata: { slice: "large" }, notes: "No nuts" });
assert.deepEqual([order.amount, order.notes], ["42.00", "No nuts"]);
const again = await paylink.orders.create({ number: "B/1", ...cake }).catch((error: unknown) => error);
assert.ok(again instanceof PaylinkError && again.code === "order_exists" && again.extra["order_id"] === order.id);

const link = await paylink.paymentLinks.when((await paylink.paymentLinks.create(order.id, { metadata: { till: "1" } })).id);
assert.equal(link.status, "unpaid");
const text = await paylink.paymentLinks.send(link.id);
assert.ok(text.body?.includes(link.url ?? "an address"));
await fetch(`${environment("PAYLINK_SANDBOX_URL")}/_control/pay`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ url: link.stripe_url }),
});
const open = async (number: string): Promise<PaymentLink> => {
  const { id } = await paylink.orders.create({ number, ...cake });
  return paylink.paymentLinks.when((await paylink.paymentLinks.create(id)).id);
};
const [wrong, counter] = await Promise.all([open("B/2"), open("B/3")]);
await paylink.paymentLinks.void(wrong.id, { reason: "ordered twice" });
await paylink.paymentLinks.markPaid(counter.id, { method: "cash", note: "at the counter" });

await until("the board", () => board.lines().filter((line) => / (paid) /.test(line) && line.startsWith("B/")).length === 2);
await until("the void", () => board.links.get(wrong.id)?.status === "voided");
const paidTold = (id: string) => told.some((event) => event.type === "link.paid" && event.data?.id === id);
await until("webhooks", () => paidTold(link.id) && paidTold(counter.id));
const numbers = told.map((event) => event.seq);
for (const { previous_seq: before } of told) assert.ok(before === undefined || numbers.includes(before), `${before} is missing`);

// Whoever else speaks at that address is nobody.
const forged = await fetch(here, { method: "POST", body: "{}", headers: { "webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA" } });
assert.deepEqual([forged.status, disbelieved], [400, 1]);

const csv = await new Response(await paylink.orders.csv({ q: "B/", tag: "paid" })).text();
assert.equal(csv.trim().split("\r\n").length, 3);
closing.abort();
await following;
for await (const listed of paylink.orders.list()) assert.equal(board.orders.get(listed.id)?.tag, listed.tag, listed.number);
await paylink.webhookEndpoints.delete(endpoint.id);
receiver.close();
receiver.closeAllConnections();
console.log(board.lines().join("\n"));
console.log("the board is right");
