// The calls, by what they are about.

import { Caller } from "./request.js";

const id = encodeURIComponent;

/** For how long a list may come, in milliseconds. */
const A_LONG_LIST = 3_600_000;

/** Everything that a merchant's key may do. */
export class Paylink {
  #caller;

  constructor(options) {
    const caller = new Caller(options);
    this.#caller = caller;
    this.orders = new Orders(caller);
    this.paymentLinks = new PaymentLinks(caller);
    this.messages = new Messages(caller);
    this.conversations = new Conversations(caller);
    this.credits = new Credits(caller);
    this.attention = new AttentionMatters(caller);
    this.clientTokens = new ClientTokens(caller);
    this.webhookEndpoints = new WebhookEndpoints(caller);
  }

  /** Any call of `/v1`, such as one that is newer than this file. */
  request(method, path, options) {
    return this.#caller.json(method, path, options);
  }

  /** The number of the last change: where a copy that is read from the lists now goes on. */
  async lastSeq({ signal } = {}) {
    const { last_seq: last } = await this.#caller.json("GET", "/changes", { query: { limit: 1 }, signal });
    return last;
  }

  /** Everything that changes, in order and without a gap, for ever: from after a number on, or from the oldest that is kept. */
  async *changes({ after, wait = 8, limit = 100, signal } = {}) {
    for (let last = after; ;) {
      const page = await this.#caller.json("GET", "/changes", { query: { after: last, wait, limit }, signal, timeout: 30_000 });
      for (const change of page.items) {
        yield change;
        last = change.seq;
      }
      last ??= page.last_seq;
    }
  }
}

class Orders {
  #caller;

  constructor(caller) {
    this.#caller = caller;
  }

  create(order, options) {
    return command(this.#caller, "/orders", order, options);
  }

  /** Makes the order of this number, or corrects it. */
  put(number, order, { signal } = {}) {
    return this.#caller.json("PUT", `/orders/by-number/${id(number)}`, { json: order, signal });
  }

  get(order, { signal } = {}) {
    return this.#caller.json("GET", `/orders/${id(order)}`, { signal });
  }

  /** The order of this number; of several, the newest that is not archived. */
  getByNumber(number, { signal } = {}) {
    return this.#caller.json("GET", `/orders/by-number/${id(number)}`, { signal });
  }

  list(query, options) {
    return pages(this.#caller, "/orders", query, options);
  }

  csv(query, options) {
    return csv(this.#caller, "/orders", query, options);
  }

  update(order, changes, { signal } = {}) {
    return this.#caller.json("PATCH", `/orders/${id(order)}`, { json: changes, signal });
  }

  archive(order, { signal } = {}) {
    return this.#caller.json("POST", `/orders/${id(order)}/archive`, { repeatable: true, signal });
  }

  unarchive(order, { signal } = {}) {
    return this.#caller.json("POST", `/orders/${id(order)}/unarchive`, { repeatable: true, signal });
  }
}

class ClientTokens {
  #caller;

  constructor(caller) {
    this.#caller = caller;
  }

  /** A token for a page: `may` is of "read", "create_link", "send" and "void". */
  create(order, { may = ["read"], minutes = 30, origin }, { signal } = {}) {
    return this.#caller.json("POST", "/client-tokens", { json: { order_id: order, may, minutes, origin }, signal });
  }
}

class PaymentLinks {
  #caller;

  constructor(caller) {
    this.#caller = caller;
  }

  /** Makes a link for an order. `invoice` is a PDF as a `Blob` or bytes; without one the order's details page is. */
  create(order, { invoice, ...terms } = {}, options = {}) {
    const form = new FormData();
    for (const [name, value] of Object.entries(terms)) {
      if (value !== undefined) form.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
    }
    if (invoice !== undefined) {
      const pdf = invoice instanceof Blob ? invoice : new Blob([invoice], { type: "application/pdf" });
      form.set("invoice", pdf, "invoice.pdf");
    }
    const { idempotencyKey = crypto.randomUUID(), signal } = options;
    return this.#caller.json("POST", `/orders/${id(order)}/payment-links`, { form, idempotencyKey, signal, timeout: 120_000 });
  }

  get(link, { signal } = {}) {
    return this.#caller.json("GET", `/payment-links/${id(link)}`, { signal });
  }

  list(query, options) {
    return pages(this.#caller, "/payment-links", query, options);
  }

  csv(query, options) {
    return csv(this.#caller, "/payment-links", query, options);
  }

  update(link, changes, { signal } = {}) {
    return this.#caller.json("PATCH", `/payment-links/${id(link)}`, { json: changes, signal });
  }

  /** The link as soon as it is in one of these states; without any, as soon as it is made or has failed. */
  async when(link, states = [], { signal, every = 500 } = {}) {
    const is = (status) => (states.length > 0 ? states.includes(status) : status !== "creating");
    for (;;) {
      const now = await this.get(link, { signal });
      if (is(now.status)) return now;
      await new Promise((resolve) => setTimeout(resolve, every));
      signal?.throwIfAborted();
    }
  }

  send(link, body = {}, options) {
    return command(this.#caller, `/payment-links/${id(link)}/send`, body, options);
  }

  void(link, body = {}, options) {
    return command(this.#caller, `/payment-links/${id(link)}/void`, body, options);
  }

  /** It was paid elsewhere. */
  markPaid(link, how, options) {
    return command(this.#caller, `/payment-links/${id(link)}/mark-paid`, how, options);
  }

  /** The invoice, as a `Blob`. */
  async invoice(link, { signal } = {}) {
    const response = await this.#caller.call("GET", `/payment-links/${id(link)}/invoice`, { signal });
    return response.blob();
  }
}

class Messages {
  #caller;

  constructor(caller) {
    this.#caller = caller;
  }

  get(message, { signal } = {}) {
    return this.#caller.json("GET", `/messages/${id(message)}`, { signal });
  }

  list(query, options) {
    return pages(this.#caller, "/messages", query, options);
  }

  csv(query, options) {
    return csv(this.#caller, "/messages", query, options);
  }

  /** Takes a text back that is `scheduled`. */
  cancel(message, { signal } = {}) {
    return this.#caller.json("DELETE", `/messages/${id(message)}`, { signal });
  }
}

class Conversations {
  #caller;

  constructor(caller) {
    this.#caller = caller;
  }

  list(query, options) {
    return pages(this.#caller, "/conversations", query, options);
  }

  messages(conversation, query, options) {
    return pages(this.#caller, `/conversations/${id(conversation)}/messages`, query, options);
  }

  reply(conversation, body, options) {
    return command(this.#caller, `/conversations/${id(conversation)}/messages`, { body }, options);
  }
}

class Credits {
  #caller;

  constructor(caller) {
    this.#caller = caller;
  }

  get({ signal } = {}) {
    return this.#caller.json("GET", "/credits", { signal });
  }

  entries(query, options) {
    return pages(this.#caller, "/credits/entries", query, options);
  }
}

class AttentionMatters {
  #caller;

  constructor(caller) {
    this.#caller = caller;
  }

  list(query, options) {
    return pages(this.#caller, "/attention", query, options);
  }

  resolve(attention, note, { signal } = {}) {
    return this.#caller.json("POST", `/attention/${id(attention)}/resolve`, { json: { note }, repeatable: true, signal });
  }
}

class WebhookEndpoints {
  #caller;

  constructor(caller) {
    this.#caller = caller;
  }

  /** Makes one. The answer holds its secret, and no other does. */
  create(endpoint, { signal } = {}) {
    return this.#caller.json("POST", "/webhook-endpoints", { json: endpoint, signal });
  }

  async list({ signal } = {}) {
    const { items } = await this.#caller.json("GET", "/webhook-endpoints", { signal });
    return items;
  }

  get(endpoint, { signal } = {}) {
    return this.#caller.json("GET", `/webhook-endpoints/${id(endpoint)}`, { signal });
  }

  update(endpoint, changes, { signal } = {}) {
    return this.#caller.json("PATCH", `/webhook-endpoints/${id(endpoint)}`, { json: changes, signal });
  }

  delete(endpoint, { signal } = {}) {
    return this.#caller.json("DELETE", `/webhook-endpoints/${id(endpoint)}`, { signal });
  }

  rotateSecret(endpoint, { signal } = {}) {
    return this.#caller.json("POST", `/webhook-endpoints/${id(endpoint)}/rotate-secret`, { signal });
  }

  test(endpoint, { signal } = {}) {
    return this.#caller.json("POST", `/webhook-endpoints/${id(endpoint)}/test`, { signal });
  }

  deliveries(endpoint, query, options) {
    return pages(this.#caller, `/webhook-endpoints/${id(endpoint)}/deliveries`, query, options);
  }

  redeliver(endpoint, delivery, { signal } = {}) {
    return this.#caller.json("POST", `/webhook-endpoints/${id(endpoint)}/deliveries/${id(delivery)}/redeliver`, { signal });
  }

  recover(endpoint, since, { signal } = {}) {
    const json = { since: since instanceof Date ? since.toISOString() : since };
    return this.#caller.json("POST", `/webhook-endpoints/${id(endpoint)}/recover`, { json, signal });
  }
}

/** A command that is done once, however often it is sent: it carries a key that stays the same. */
function command(caller, path, json, { idempotencyKey = crypto.randomUUID(), signal } = {}) {
  return caller.json("POST", path, { json, idempotencyKey, signal });
}

/** A whole list, as it comes: it is not tried again once it has begun. */
async function csv(caller, path, query, { signal } = {}) {
  const response = await caller.call("GET", path, { query, accept: "text/csv", signal, timeout: A_LONG_LIST });
  return response.body;
}

/** Every item of a list, page after page. */
async function* pages(caller, path, query = {}, { signal } = {}) {
  let cursor;
  do {
    const page = await caller.json("GET", path, { query: { limit: 100, ...query, cursor }, signal });
    yield* page.items;
    cursor = page.next_cursor;
  } while (cursor !== undefined && cursor !== null);
}
