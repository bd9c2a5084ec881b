// The types of what `/openapi.json` describes. The API only grows: more fields and more words may come, and none goes.

/** A word that is known, or one that is newer than this file. */
export type Word<Known extends string> = Known | (string & {});

/** RFC 3339, in UTC. */
export type Time = string;
/** A decimal text in major units, such as `"129.50"`. */
export type Amount = string;

export interface Options {
  signal?: AbortSignal;
}

export interface CommandOptions extends Options {
  /** The same key makes a command happen once, however often it is sent. Absent: a new one for each call. */
  idempotencyKey?: string;
}

export interface PaylinkOptions {
  /** Where your Paylink is, such as `https://pay.example.com`. */
  url: string | URL;
  /** An API key, `pk_…`. */
  key: string;
  /** What is used in the place of the global `fetch`. */
  fetch?: typeof fetch;
  /** How often a call that passes is tried again; 4. */
  retries?: number;
  /** How long a call may take, in milliseconds; 30,000. */
  timeout?: number;
}

export interface Item {
  description: string;
  quantity: number;
  unit_amount: Amount;
}

export interface NewOrder {
  number: string;
  customer: { name: string; phone: string };
  amount: Amount;
  currency?: string;
  items?: Item[];
  shipping?: Amount;
  discount?: Amount;
}

export interface Order {
  id: string;
  number: string;
  customer: { name: string; phone?: string | null };
  amount: Amount;
  currency: string;
  items: Item[];
  shipping?: Amount;
  discount?: Amount;
  tag: Word<"none" | "unpaid" | "paid">;
  created_at: Time;
  /** Only where a single order is asked for. */
  links?: PaymentLink[];
  conversation_id?: string;
}

export type LinkStatus = Word<
  "creating" | "failed" | "unpaid" | "processing" | "paid" | "voiding" | "voided" | "expiring" | "expired" | "settling"
>;

export interface PaymentLink {
  id: string;
  order_id: string;
  status: LinkStatus;
  amount?: Amount;
  currency: string;
  invoice_number?: string;
  /** The buyer's page. */
  url?: string;
  stripe_url?: string;
  failure?: string;
  review?: Word<
    "paid_after_void" | "paid_after_expiry" | "amount_mismatch" | "currency_mismatch" | "livemode_mismatch" | "paid_twice"
  >;
  warnings: Word<"first_page_blank" | "number_not_in_invoice" | "amount_not_in_invoice">[];
  has_picture: boolean;
  dashboard_url?: string;
  refunded_amount?: Amount;
  disputed?: Word<"open" | "won" | "lost" | "closed">;
  /** How its buyer is reminded; what is absent is as the merchant says. */
  reminders?: boolean;
  reminder_after_days?: number;
  reminders_at_most?: number;
  last_reminder_days?: number;
  created_at: Time;
  expires_at: Time;
  paid_at?: Time;
  viewed_at?: Time;
  unrecognised_at?: Time;
  purged_at?: Time;
  timeline: { at: Time; event: string; detail?: string }[];
}

export interface NewPaymentLink {
  /** A PDF; absent: the order's details page is the invoice. */
  invoice?: Blob | ArrayBuffer | Uint8Array;
  invoice_number?: string;
  amount?: Amount;
  currency?: string;
  /** `2026-12-31`, at most 90 days from now. */
  expires_on?: string;
}

export interface Message {
  id: string;
  conversation_id: string;
  link_id?: string;
  direction: Word<"outgoing" | "incoming">;
  origin: Word<"merchant" | "reminder" | "answer">;
  to?: string;
  body?: string;
  segments: number;
  credits: number;
  status: Word<
    "received" | "scheduled" | "queued" | "sending" | "unknown" | "sent" | "delivered" | "undelivered" | "failed"
  >;
  error?: string;
  created_at: Time;
  sent_at?: Time;
  delivered_at?: Time;
  parked_at?: Time;
}

export interface Conversation {
  id: string;
  [field: string]: unknown;
}

export interface Balance {
  available: number;
  held: number;
  low: boolean;
  threshold: number;
  low_since?: Time;
  texts_per_day?: number;
  texts_today?: number;
  texts_near_limit: boolean;
}

export interface CreditEntry {
  id: string;
  number: number;
  kind: Word<"top_up" | "hold" | "capture" | "release" | "purchase">;
  amount: number;
  held: number;
  available_after: number;
  message_id?: string;
  note?: string;
  created_at: Time;
}

export type OrderChange = "order.created" | "order.updated";
export type LinkChange =
  | "link.created"
  | "link.unpaid"
  | "link.failed"
  | "link.viewed"
  | "link.processing"
  | "link.paid"
  | "link.refunded"
  | "link.disputed"
  | "link.voided"
  | "link.expired"
  | "link.review"
  | "link.updated";
export type MessageChange =
  | "message.scheduled"
  | "message.sent"
  | "message.delivered"
  | "message.failed"
  | "message.received"
  | "message.updated";
export type CreditsChange = "credits.low" | "credits.updated";

interface Numbered {
  /** Its number among the merchant's changes: they follow each other without a gap. */
  seq: number;
  at: Time;
}

/** A change, with the resource as it is now; absent if nothing is left of it. */
export type Change = Numbered &
  (
    | { type: OrderChange; resource?: Order }
    | { type: LinkChange; resource?: PaymentLink }
    | { type: MessageChange; resource?: Message }
    | { type: CreditsChange; resource?: Balance }
    | { type: "attention.opened" | "attention.resolved"; resource?: Record<string, unknown> }
  );

/** A webhook that is believed. */
export type WebhookEvent = { timestamp: Time; seq?: number; previous_seq?: number } & (
  | { type: OrderChange; data?: Order }
  | { type: LinkChange; data?: PaymentLink }
  | { type: MessageChange; data?: Message }
  | { type: CreditsChange; data?: Balance }
  | { type: "attention.opened" | "attention.resolved"; data?: Record<string, unknown> }
  | { type: "endpoint.test"; data: { endpoint_id: string } }
);

export interface NewWebhookEndpoint {
  /** `https://`, at a public address. */
  url: string;
  /** Names of changes such as `link.paid`, all of one resource such as `link.*`, or everything: `*`. */
  events: string[];
  description?: string;
}

export interface WebhookEndpoint {
  id: string;
  url: string;
  description?: string;
  events: string[];
  enabled: boolean;
  disabled_at?: Time;
  disabled_because?: Word<"by_hand" | "gone" | "failing">;
  failing_since?: Time;
  last_seq?: number;
  created_at: Time;
}

/** The one answer that holds the secret: keep it. */
export interface WebhookEndpointWithSecret extends WebhookEndpoint {
  secret: string;
}

export interface WebhookDelivery {
  id: string;
  type: string;
  seq?: number;
  previous_seq?: number;
  at: Time;
  state: Word<"pending" | "delivered" | "failed">;
  attempts: number;
  due_at?: Time;
  attempted_at?: Time;
  answered_status?: number;
  answered_in_ms?: number;
  error?: string;
}

export type ClientRight = "read" | "create_link" | "send" | "void";

export interface ClientToken {
  token: string;
  order_id: string;
  may: Word<ClientRight>[];
  origin: string;
  expires_at: Time;
}

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

export class Paylink {
  constructor(options: PaylinkOptions);

  readonly orders: {
    create(order: NewOrder, options?: CommandOptions): Promise<Order>;
    get(order: string, options?: Options): Promise<Order>;
    list(query?: { q?: string; tag?: Order["tag"]; limit?: number } & Query, options?: Options): AsyncGenerator<Order, void, undefined>;
  };

  readonly paymentLinks: {
    create(order: string, link?: NewPaymentLink, options?: CommandOptions): Promise<PaymentLink>;
    get(link: string, options?: Options): Promise<PaymentLink>;
    list(query?: { q?: string; status?: LinkStatus; limit?: number } & Query, options?: Options): AsyncGenerator<PaymentLink, void, undefined>;
    /** The link as soon as it is in one of these states; without any, as soon as it is made or has failed. */
    when(link: string, states?: LinkStatus[], options?: Options & { every?: number }): Promise<PaymentLink>;
    send(link: string, body?: { template?: string; resend?: boolean }, options?: CommandOptions): Promise<Message>;
    void(link: string, body?: { reason?: string }, options?: CommandOptions): Promise<PaymentLink>;
    /** The invoice, as a PDF. */
    invoice(link: string, options?: Options): Promise<Blob>;
  };

  readonly messages: {
    get(message: string, options?: Options): Promise<Message>;
    list(query?: { status?: Message["status"]; link_id?: string; limit?: number } & Query, options?: Options): AsyncGenerator<Message, void, undefined>;
  };

  readonly conversations: {
    list(query?: Query, options?: Options): AsyncGenerator<Conversation, void, undefined>;
    messages(conversation: string, query?: Query, options?: Options): AsyncGenerator<Message, void, undefined>;
    reply(conversation: string, body: string, options?: CommandOptions): Promise<Message>;
  };

  readonly credits: {
    get(options?: Options): Promise<Balance>;
    entries(query?: Query, options?: Options): AsyncGenerator<CreditEntry, void, undefined>;
  };

  readonly clientTokens: {
    /** A token for a page in a browser, which must not have a key; see `<paylink-order>` of `/embed.js`. */
    create(order: string, token: { may?: ClientRight[]; minutes?: number; origin: string }, options?: Options): Promise<ClientToken>;
  };

  readonly webhookEndpoints: {
    create(endpoint: NewWebhookEndpoint, options?: Options): Promise<WebhookEndpointWithSecret>;
    list(options?: Options): Promise<WebhookEndpoint[]>;
    get(endpoint: string, options?: Options): Promise<WebhookEndpoint>;
    update(
      endpoint: string,
      changes: { url?: string; events?: string[]; description?: string | null; enabled?: boolean },
      options?: Options,
    ): Promise<WebhookEndpoint>;
    delete(endpoint: string, options?: Options): Promise<void>;
    rotateSecret(endpoint: string, options?: Options): Promise<WebhookEndpointWithSecret>;
    test(endpoint: string, options?: Options): Promise<WebhookDelivery>;
    deliveries(endpoint: string, query?: { state?: WebhookDelivery["state"] } & Query, options?: Options): AsyncGenerator<WebhookDelivery, void, undefined>;
    redeliver(endpoint: string, delivery: string, options?: Options): Promise<WebhookDelivery>;
    recover(endpoint: string, since: Date | Time, options?: Options): Promise<{ deliveries: number }>;
  };

  /** The number of the last change: where a copy that is read from the lists now goes on. */
  lastSeq(options?: Options): Promise<number>;

  /** Everything that changes, in order and without a gap, for ever: from after a number on, or from the oldest that is kept. */
  changes(options?: { after?: number; wait?: number; limit?: number } & Options): AsyncGenerator<Change, void, undefined>;

  /** Any call of `/v1`, such as one that is newer than this file. */
  request<T = unknown>(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    options?: { query?: Query; json?: unknown; form?: FormData; timeout?: number } & CommandOptions,
  ): Promise<T>;
}

/** A call that was refused, or not answered. */
export class PaylinkError extends Error {
  /** The HTTP status; 0 if there was no answer. */
  readonly status: number;
  /** Stable, and meant for programs. */
  readonly code: Word<
    | "unreachable"
    | "link_open"
    | "link_not_open"
    | "link_paid"
    | "insufficient_credits"
    | "opted_out"
    | "recently_sent"
    | "stripe_not_connected"
    | "sms_not_connected"
    | "changes_expired"
    | "not_found"
  >;
  /** What is wrong with which field. */
  readonly errors: { field: string; reason: string }[];
  /** What to tell whoever looks into it. */
  readonly requestId: string | null;
  /** Everything else that the problem says. */
  readonly extra: Record<string, unknown>;
}

/** Why a webhook is not believed. */
export class WebhookError extends Error {}

/** The webhook, if it is believed. `body` is what came, as it came: never JSON that was parsed and written again. */
export function verifyWebhook(webhook: {
  /** `whsec_…`; several while one takes the place of the other. */
  secret: string | readonly string[];
  headers: Headers | Record<string, string | string[] | undefined>;
  body: string | ArrayBuffer | Uint8Array;
  /** The time now, in milliseconds. */
  now?: number;
}): Promise<WebhookEvent>;
