// What the package has. The shapes of what is sent and answered are those of `/openapi.json`: see schema.d.ts.

import type {
  Attention,
  ClientToken,
  Conversation,
  CreateOrderPaymentLinkForm,
  CreditEntry,
  Credits,
  GetAttentionQuery,
  ListConversationMessagesQuery,
  ListConversationsQuery,
  ListCreditsEntriesQuery,
  ListMessagesQuery,
  ListOrdersQuery,
  ListPaymentLinksQuery,
  ListWebhookEndpointDeliveriesQuery,
  MarkPaid,
  Message,
  NewClientToken,
  NewOrder,
  NewWebhookEndpoint,
  Order,
  OrderByNumber,
  OrderChanges,
  PaymentLink,
  PaymentLinkChanges,
  Recovered,
  Send,
  Time,
  Void,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookEndpointChanges,
  Word,
} from "./schema.js";

export type {
  Amount,
  Attention,
  ClientToken,
  Conversation,
  CreditEntry,
  Item,
  MarkPaid,
  Message,
  NewOrder,
  NewWebhookEndpoint,
  Order,
  OrderByNumber,
  OrderChanges,
  PaymentLink,
  PaymentLinkChanges,
  Time,
  WebhookDelivery,
  WebhookEndpoint,
  Word,
} from "./schema.js";

/** Every shape that the API describes, by the name that it has there. */
export type * as Schemas from "./schema.js";

export type Balance = Credits;
export type ClientRight = NewClientToken["may"][number];
export type LinkStatus = PaymentLink["status"];
/** A PDF, or none: then the order's details page is the invoice; and what the link is to be. */
export type NewPaymentLink = CreateOrderPaymentLinkForm;

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

type EventWord = NewWebhookEndpoint["events"][number];
type ChangeOf<About extends string> = Exclude<Extract<EventWord, `${About}.${string}`>, `${About}.*`>;
export type OrderChange = ChangeOf<"order">;
export type LinkChange = ChangeOf<"link">;
export type MessageChange = ChangeOf<"message">;
export type CreditsChange = ChangeOf<"credits">;
export type AttentionChange = ChangeOf<"attention">;

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
    | { type: AttentionChange; resource?: Attention }
  );

/** A webhook that is believed. */
export type WebhookEvent = { timestamp: Time; seq?: number; previous_seq?: number } & (
  | { type: OrderChange; data?: Order }
  | { type: LinkChange; data?: PaymentLink }
  | { type: MessageChange; data?: Message }
  | { type: CreditsChange; data?: Balance }
  | { type: AttentionChange; data?: Attention }
  | { type: "endpoint.test"; data: { endpoint_id: string } }
);

/** Whether a change, or a webhook, is about this: what stands before the dot of its type says of what `resource` and `data` are. */
export function isAbout<Told extends { type: string }, About extends "order" | "link" | "message" | "credits" | "attention">(
  told: Told,
  about: About,
): told is Extract<Told, { type: `${About}.${string}` }>;

/** The one answer that holds the secret: keep it. */
export type WebhookEndpointWithSecret = WebhookEndpoint & { secret: string };

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

export class Paylink {
  constructor(options: PaylinkOptions);

  readonly orders: {
    create(order: NewOrder, options?: CommandOptions): Promise<Order>;
    /** Makes the order of this number, or corrects it: however often it is sent. */
    put(number: string, order: OrderByNumber, options?: Options): Promise<Order>;
    get(order: string, options?: Options): Promise<Order>;
    /** The order of this number; of several, the newest that is not archived. */
    getByNumber(number: string, options?: Options): Promise<Order>;
    list(query?: ListOrdersQuery, options?: Options): AsyncGenerator<Order, void, undefined>;
    /** All that match, as CSV, while it comes. */
    csv(query?: ListOrdersQuery, options?: Options): Promise<ReadableStream<Uint8Array>>;
    update(order: string, changes: OrderChanges, options?: Options): Promise<Order>;
    archive(order: string, options?: Options): Promise<Order>;
    unarchive(order: string, options?: Options): Promise<Order>;
  };

  readonly paymentLinks: {
    create(order: string, link?: NewPaymentLink, options?: CommandOptions): Promise<PaymentLink>;
    get(link: string, options?: Options): Promise<PaymentLink>;
    list(query?: ListPaymentLinksQuery, options?: Options): AsyncGenerator<PaymentLink, void, undefined>;
    /** All that match, as CSV, while it comes. */
    csv(query?: ListPaymentLinksQuery, options?: Options): Promise<ReadableStream<Uint8Array>>;
    update(link: string, changes: PaymentLinkChanges, options?: Options): Promise<PaymentLink>;
    /** The link as soon as it is in one of these states; without any, as soon as it is made or has failed. */
    when(link: string, states?: LinkStatus[], options?: Options & { every?: number }): Promise<PaymentLink>;
    send(link: string, body?: Send, options?: CommandOptions): Promise<Message>;
    void(link: string, body?: Void, options?: CommandOptions): Promise<PaymentLink>;
    /** It was paid elsewhere: it is closed at Stripe, and then `paid`. */
    markPaid(link: string, how: MarkPaid, options?: CommandOptions): Promise<PaymentLink>;
    /** The invoice, as a PDF. */
    invoice(link: string, options?: Options): Promise<Blob>;
  };

  readonly messages: {
    get(message: string, options?: Options): Promise<Message>;
    list(query?: ListMessagesQuery, options?: Options): AsyncGenerator<Message, void, undefined>;
    /** All that match, as CSV, while it comes. */
    csv(query?: ListMessagesQuery, options?: Options): Promise<ReadableStream<Uint8Array>>;
    /** Takes a text back that is `scheduled`. */
    cancel(message: string, options?: Options): Promise<Message>;
  };

  readonly conversations: {
    list(query?: ListConversationsQuery, options?: Options): AsyncGenerator<Conversation, void, undefined>;
    messages(conversation: string, query?: ListConversationMessagesQuery, options?: Options): AsyncGenerator<Message, void, undefined>;
    reply(conversation: string, body: string, options?: CommandOptions): Promise<Message>;
  };

  readonly credits: {
    get(options?: Options): Promise<Balance>;
    entries(query?: Omit<ListCreditsEntriesQuery, "format">, options?: Options): AsyncGenerator<CreditEntry, void, undefined>;
  };

  /** What needs a person. */
  readonly attention: {
    list(query?: GetAttentionQuery, options?: Options): AsyncGenerator<Attention, void, undefined>;
    resolve(attention: string, note?: string, options?: Options): Promise<Attention>;
  };

  readonly clientTokens: {
    /** A token for a page in a browser, which must not have a key; see `<paylink-order>` of `/embed.js`. It may `read` for 30 minutes, if nothing else is said. */
    create(order: string, token: { may?: ClientRight[]; minutes?: number; origin: string }, options?: Options): Promise<ClientToken>;
  };

  readonly webhookEndpoints: {
    create(endpoint: NewWebhookEndpoint, options?: Options): Promise<WebhookEndpointWithSecret>;
    list(options?: Options): Promise<WebhookEndpoint[]>;
    get(endpoint: string, options?: Options): Promise<WebhookEndpoint>;
    update(endpoint: string, changes: WebhookEndpointChanges, options?: Options): Promise<WebhookEndpoint>;
    delete(endpoint: string, options?: Options): Promise<void>;
    rotateSecret(endpoint: string, options?: Options): Promise<WebhookEndpointWithSecret>;
    test(endpoint: string, options?: Options): Promise<WebhookDelivery>;
    deliveries(endpoint: string, query?: ListWebhookEndpointDeliveriesQuery, options?: Options): AsyncGenerator<WebhookDelivery, void, undefined>;
    redeliver(endpoint: string, delivery: string, options?: Options): Promise<WebhookDelivery>;
    recover(endpoint: string, since: Date | Time, options?: Options): Promise<Recovered>;
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
