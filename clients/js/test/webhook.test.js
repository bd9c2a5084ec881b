import assert from "node:assert/strict";
import { test } from "node:test";

import { verifyWebhook, WebhookError } from "../src/index.js";

// The specification's own example.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const body = '{"test": 2432232314}';
const headers = {
  "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": "1614265330",
  "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const now = 1_614_265_330_000;

test("what the specification signs is believed", async () => {
  assert.deepEqual(await verifyWebhook({ secret, headers, body, now }), { test: 2_432_232_314 });
  assert.deepEqual(await verifyWebhook({ secret, headers: new Headers(headers), body: new TextEncoder().encode(body), now }), { test: 2_432_232_314 });
});

test("while one secret takes the place of the other, both are believed", async () => {
  const other = `whsec_${btoa("another secret of 24 byte")}`;
  assert.ok(await verifyWebhook({ secret: [other, secret], headers, body, now }));
  const both = { ...headers, "webhook-signature": `v1,AAAA v2,x ${headers["webhook-signature"]}` };
  assert.ok(await verifyWebhook({ secret, headers: both, body, now }));
});

test("anything else is not", async () => {
  for (const [what, wrong] of Object.entries({
    "another body": { body: `${body} ` },
    "another secret": { secret: `whsec_${btoa("another secret of 24 byte")}` },
    "too old": { now: now + 301_000 },
    "from the future": { now: now - 301_000 },
    "no signature": { headers: { ...headers, "webhook-signature": "" } },
    "another version": { headers: { ...headers, "webhook-signature": headers["webhook-signature"].replace("v1", "v1a") } },
    "another id": { headers: { ...headers, "webhook-id": "msg_2" } },
    "no time": { headers: { ...headers, "webhook-timestamp": "soon" } },
    "no secret": { secret: "whsec_" },
  })) {
    await assert.rejects(verifyWebhook({ secret, headers, body, now, ...wrong }), WebhookError, what);
  }
});
