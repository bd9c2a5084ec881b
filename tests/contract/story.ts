// The story, by a client that knows nothing but /openapi.json: an order, a link, a text, a payment.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const environment = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};
const client = createClient<paths>({
  baseUrl: environment("PAYLINK_URL"),
  headers: { Authorization: `Bearer ${environment("PAYLINK_API_KEY")}` },
});
const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
  for (let tries = 0; tries < 100; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((wake) => setTimeout(wake, 200));
  }
  throw new Error(`${what} did not come`);
};

const number = `ts-${Date.now()}`;
const opened = await client.POST("/v1/orders", {
  params: { header: { "Idempotency-Key": number } },
  body: { number, customer: { name: "Example Buyer", phone: "+12025550171" }, amount: "129.50", currency: "usd", },
});
if (opened.data === undefined) throw new Error(opened.error.detail);
const id = opened.data.id;

const made = await client.POST("/v1/orders/{id}/payment-links", { params: { path: { id } }, body: {}, bodySerializer: () => new FormData() });
if (made.data === undefined) throw new Error(made.error.detail);
const linkId = made.data.id;
const link = await until("the link", async () => {
  const seen = await client.GET("/v1/payment-links/{id}", { params: { path: { id: linkId } } });
  return seen.data?.status === "unpaid" ? seen.data : undefined;
});

const sent = await client.POST("/v1/payment-links/{id}/send", { params: { path: { id: linkId } } });
if (sent.data === undefined) throw new Error(sent.error.detail);
if (link.stripe_url === undefined) throw new Error("there is no page at Stripe");
await fetch(`${environment("PAYLINK_SANDBOX_URL")}/_control/pay`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ url: link.stripe_url }),
});
const paid = await until("the payment", async () => {
  const seen = await client.GET("/v1/orders/{id}", { params: { path: { id } } });
  return seen.data?.tag === "paid" ? seen.data : undefined;
});
console.log(`${paid.number} is ${paid.tag}`);
