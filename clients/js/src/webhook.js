// Believing a webhook, by the Standard Webhooks specification.

/** How far the time of a webhook may be from ours, in seconds. */
const TOLERANCE = 300;

/** Why a webhook is not believed. */
export class WebhookError extends Error {
  constructor(message) {
    super(message);
    this.name = "WebhookError";
  }
}

/**
 * The webhook, if it is believed. `body` is what came, as it came: text or bytes, never JSON that was parsed and written again.
 * `headers` is a `Headers`, or an object. Several secrets may be given while one takes the place of the other.
 */
export async function verifyWebhook({ secret, headers, body, now = Date.now() }) {
  const header = (name) => (headers instanceof Headers ? headers.get(name) : Object.entries(headers).find(([it]) => it.toLowerCase() === name)?.[1]);
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
  if (!id || !timestamp || !signatures) throw new WebhookError("a header is missing");
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookError("the timestamp is none");
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE) throw new WebhookError("it is too old, or from the future");
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body);
  const signed = concatenated(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  for (const one of [secret].flat()) {
    const key = await keyOf(one);
    for (const signature of String(signatures).split(" ")) {
      const [version, value] = signature.split(",");
      const mac = version === "v1" ? decoded(value ?? "") : undefined;
      // Web Crypto compares in constant time.
      if (mac && await crypto.subtle.verify("HMAC", key, mac, signed)) return JSON.parse(new TextDecoder().decode(bytes));
    }
  }
  throw new WebhookError("no signature fits");
}

function keyOf(secret) {
  const bytes = decoded(String(secret).replace(/^whsec_/, ""));
  if (!bytes || bytes.length === 0) throw new WebhookError("the secret is none: it is written whsec_…");
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function decoded(base64) {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function concatenated(one, other) {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
