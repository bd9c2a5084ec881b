import assert from "node:assert/strict";
import { test } from "node:test";

import { isAbout, Paylink, PaylinkError } from "../src/index.js";

/** A client whose calls are answered by these answers, one after the other; and the calls. */
function answered(...answers) {
  const calls = [];
  const fetch = async (url, options) => {
    calls.push({ url, ...options });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    const { status = 200, headers = {}, body = {} } = answer;
    return new Response(status === 204 ? null : JSON.stringify(body), { status, headers });
  };
  return { paylink: new Paylink({ url: "https://pay.example/", key: "pk_1", fetch }), calls };
}

const soon = { status: 503, headers: { "Retry-After": "0" }, body: { code: "database_unavailable", detail: "away" } };

test("a command is sent again under the same key until it is answered", async () => {
  const { paylink, calls } = answered(new TypeError("fetch failed"), soon, { status: 201, body: { id: "ord_1" } });
  assert.deepEqual(await paylink.orders.create({ number: "1" }), { id: "ord_1" });
  assert.equal(calls.length, 3);
  assert.equal(new Set(calls.map((call) => call.headers["Idempotency-Key"])).size, 1);
  assert.equal(calls[0].url, "https://pay.example/v1/orders");
  assert.equal(calls[0].headers.Authorization, "Bearer pk_1");
});

test("a key of one's own is used", async () => {
  const { paylink, calls } = answered({ status: 202, body: {} });
  await paylink.paymentLinks.send("link_1", {}, { idempotencyKey: "cart-77" });
  assert.equal(calls[0].headers["Idempotency-Key"], "cart-77");
});

test("what cannot be repeated is not, unless nothing was done", async () => {
  const { paylink, calls } = answered(new TypeError("fetch failed"));
  await assert.rejects(paylink.webhookEndpoints.create({ url: "https://a.example", events: ["*"] }), { status: 0, code: "unreachable" });
  assert.equal(calls.length, 1);
  const busy = answered({ status: 429, headers: { "Retry-After": "0" }, body: { code: "too_many_requests" } }, { status: 201, body: { id: "whe_1" } });
  assert.deepEqual(await busy.paylink.webhookEndpoints.create({ url: "https://a.example", events: ["*"] }), { id: "whe_1" });
});

test("a refusal is told with its code and its fields, and not sent again", async () => {
  const errors = [{ field: "amount", reason: "is too small" }];
  const { paylink, calls } = answered({ status: 422, body: { code: "bad_input", detail: "no", errors, order_id: "ord_1" } });
  const error = await paylink.orders.create({}).catch((it) => it);
  assert.ok(error instanceof PaylinkError);
  assert.deepEqual([error.status, error.code, error.message, error.errors, error.extra], [422, "bad_input", "no", errors, { order_id: "ord_1" }]);
  assert.equal(calls.length, 1);
});

test("a list goes on from page to page", async () => {
  const { paylink, calls } = answered(
    { body: { items: [{ id: "ord_2" }], next_cursor: "ord_2" } },
    { body: { items: [{ id: "ord_1" }] } },
  );
  const ids = [];
  for await (const order of paylink.orders.list({ tag: "unpaid" })) ids.push(order.id);
  assert.deepEqual(ids, ["ord_2", "ord_1"]);
  assert.equal(calls[1].url, "https://pay.example/v1/orders?limit=100&tag=unpaid&cursor=ord_2");
});

test("the feed goes on after the last number that it gave", async () => {
  const { paylink, calls } = answered(
    { body: { items: [{ seq: 8, type: "link.paid" }, { seq: 9, type: "order.updated" }], last_seq: 9 } },
    { body: { items: [], last_seq: 9 } },
    { body: { items: [{ seq: 10, type: "message.sent" }], last_seq: 10 } },
  );
  const seen = [];
  for await (const change of paylink.changes({ after: 7 })) if (seen.push(change.seq) === 3) break;
  assert.deepEqual(seen, [8, 9, 10]);
  assert.deepEqual(calls.map((call) => new URL(call.url).searchParams.get("after")), ["7", "9", "9"]);
});

test("a call that is aborted ends at once", async () => {
  const { paylink } = answered(soon, soon, soon, soon, soon);
  await assert.rejects(paylink.credits.get({ signal: AbortSignal.abort() }));
});

test("what is of a form's objects is sent as JSON", async () => {
  const { paylink, calls } = answered({ status: 202, body: {} });
  await paylink.paymentLinks.create("ord_1", { metadata: { cart: "c-77" }, reminders: true, currency: undefined });
  assert.deepEqual(Object.fromEntries(calls[0].body), { metadata: '{"cart":"c-77"}', reminders: "true" });
});

test("what may be repeated is, without a key", async () => {
  const { paylink, calls } = answered(new TypeError("fetch failed"), { body: { id: "ord_1" } });
  assert.deepEqual(await paylink.orders.archive("ord_1"), { id: "ord_1" });
  assert.equal(calls.length, 2);
  assert.equal(calls[0].headers["Idempotency-Key"], undefined);
});

test("a list is taken out as CSV", async () => {
  const { paylink, calls } = answered({ body: "id" });
  assert.equal(await new Response(await paylink.orders.csv({ status: ["paid", "unpaid"] })).text(), '"id"');
  assert.equal(calls[0].headers.Accept, "text/csv");
  assert.equal(calls[0].url, "https://pay.example/v1/orders?status=paid%2Cunpaid");
});

test("a change says what it is about", () => {
  assert.deepEqual(["link", "order"].map((about) => isAbout({ type: "link.paid" }, about)), [true, false]);
});
