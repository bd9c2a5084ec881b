// Written by tools/types.mjs from /openapi.json of Paylink. Not to be edited by hand.

/** A word that is known, or one that is newer than this file. */
export type Word<Known extends string> = Known | (string & {});
/** RFC 3339, in UTC. */
export type Time = string;
/** A decimal text in major units, such as `"129.50"`. */
export type Amount = string;

/** An API key. */
export interface ApiKey {
  created_at: Time;
  /** Whether this call was made with it. */
  current: boolean;
  /** When it expires. */
  expires_at?: Time;
  id: string;
  /** The URL where the invitation is accepted, shown only this once: send it to the person who should have the key. */
  invitation_url?: string;
  /** The deadline for accepting the invitation; absent once the key was handed over. */
  invited_until?: Time;
  /** The key, shown only this once: store it. */
  key?: string;
  /** The key's last four characters; empty while it is an invitation. */
  last_four: string;
  /** When it was last used, to the minute. */
  last_used_at?: Time;
  name: string;
  revoked_at?: Time;
  /** Each scope includes the ones before it. */
  scope: Word<"read" | "send" | "write" | "admin">;
}

/** A matter that needs a person, or needed one. It has the ids of everything it is about. */
export interface Attention {
  /** The amount of the link. */
  amount?: Amount;
  conversation_id?: string;
  currency?: string;
  /** The buyer of the order or the conversation. */
  customer_name?: string;
  id: string;
  /** The invoice number of the link. */
  invoice_number?: string;
  kind: Word<"review" | "dispute" | "link_failed" | "text_not_delivered" | "unrecognised" | "unread_reply" | "stripe_connection" | "low_credit" | "link_wanted" | "evidence_expiring">;
  link_id?: string;
  message_id?: string;
  note?: string;
  opened_at: Time;
  order_id?: string;
  /** The number of the order. */
  order_number?: string;
  /** Details of the reason: which `review`, or that a refund failed (`refund_failed`); the status of a text; the problem of a connection; why a link is stuck (`close_failed`, `renewal_failed`); that a dispute was `lost`; the day on which evidence is erased. */
  reason?: string;
  resolved_at?: Time;
  /** The key that resolved it, or `system` if there was nothing left to do. */
  resolved_by?: string;
  /** The deadline for answering a `dispute` at Stripe; absent once it is answered or over, or if Stripe names no day. Not in the feed and in webhooks, where the link has it. */
  respond_by?: Time;
  /** The beginning of the buyer's message, for an `unread_reply`. */
  text?: string;
}

/** An entry of the audit log. */
export interface AuditEntry {
  /** What was done, such as `link.void`. */
  action: string;
  /** The actor: the id of an API key; `operator`, or `operator:` and a name. */
  actor: string;
  /** The name of the key, if the actor is one. */
  actor_name?: string;
  /** `true` if the link had been sent before, so that the text was a reminder. */
  again?: boolean;
  /** The amount of the link. */
  amount?: Amount;
  at: Time;
  /** The batch, if it was done for one of its rows. */
  batch_id?: string;
  currency?: string;
  /** The reason that was given, or the result. */
  detail?: string;
  id: string;
  /** The invoice number, if the subject is a link. */
  invoice_number?: string;
  /** The merchant it concerns. */
  merchant_id?: string;
  /** The order that the subject is or belongs to, until it is erased. Only shown to the merchant. */
  order_id?: string;
  /** The number of the order. */
  order_number?: string;
  /** The id of what it was done to. */
  subject: string;
}

/** Many orders at once. */
export interface Batch {
  /** The key that created it. */
  actor: string;
  /** Rows that were cancelled with the batch. */
  cancelled: number;
  created_at: Time;
  /** The cost of the texts of all rows that are ready or done. */
  credits: number;
  /** Rows that are done: their order and link exist. */
  done: number;
  /** When it was done or cancelled. */
  ended_at?: Time;
  /** Rows that failed; each says why. */
  failed: number;
  id: string;
  /** Your name for it, such as a file name; erased after 90 days. */
  name?: string;
  /** Valid rows still to be carried out. */
  ready: number;
  /** Invalid rows; each says why. */
  refused: number;
  /** The number of rows. */
  rows: number;
  /** Whether each link is texted to its buyer. */
  send: boolean;
  started_at?: Time;
  status: Word<"ready" | "running" | "paused" | "done" | "cancelled">;
  /** The number of these texts: a buyer who wants none gets none. */
  texts: number;
  /** The totals of these rows, by currency. */
  totals: BatchTotal[];
}

/** A row of a batch. */
export interface BatchRow {
  /** The amount, as read. */
  amount?: Amount;
  /** The cost of its text. */
  credits: number;
  currency?: string;
  /** The buyer, as read; absent for invalid rows, and once erased. */
  customer_name?: string;
  customer_phone?: string;
  /** The problem in words. */
  detail?: string;
  key: string;
  link_id?: string;
  message_id?: string;
  /** The row's number, from 1. */
  number: number;
  /** The order created from it, in this batch or an earlier one. */
  order_id?: string;
  /** Your order number, as read. */
  order_number?: string;
  /** An error or a warning: a problem's code, `duplicate_key`, `duplicate_number`, `order_exists`, `done_before`, `same_phone` or `landline` for a row that is carried out nevertheless, or for a row that is done without a text the reason, such as `opted_out`. */
  problem?: string;
  /** What was read of an invalid row, until it is erased. */
  read?: BatchRowRead;
  status: Word<"ready" | "refused" | "done" | "failed" | "cancelled">;
}

/** What was read of an invalid row, as it was written. */
export interface BatchRowRead {
  amount?: string;
  customer_name?: string;
  customer_phone?: string;
}

/** The total of a batch's rows in one currency. */
export interface BatchTotal {
  amount: Amount;
  currency: string;
}

/** An erasure in progress. */
export interface BuyerErasure {
  /** The number of payment links to erase one by one; open ones are closed at Stripe first. */
  links: number;
  /** The number of the buyer's orders. Their numbers, amounts and tags stay; the buyer and the items are erased. */
  orders: number;
}

/** Everything stored about a buyer. */
export interface BuyerExport {
  /** The messages, newest first. */
  messages: Message[];
  /** The name in the latest order. */
  name?: string;
  /** When the buyer opted out of texts. */
  opted_out_at?: Time;
  /** The orders with their payment links, newest first. */
  orders: Order[];
  /** E.164. */
  phone: string;
}

/** A change. */
export interface Change {
  at: Time;
  /** The current resource, as its own call returns it; absent if nothing is left of it. */
  resource?: ChangedResource;
  /** Its number among the merchant's changes, from 1. */
  seq: number;
  /** What happened, such as `link.paid`; `….updated` means that anything else about the resource changed. The part before the dot is the type of `resource`: `order`, `link`, `message`, `credits` or `attention`. More types may be added. */
  type: string;
}

/** The resource of a change: an order without its links, a payment link, a message, the credits, or a matter that needs a person. */
export type ChangedResource = PaymentLink | Message | Order | Credits | Attention;

/** Changes, in the order of their numbers. */
export interface Changes {
  /** The changes after `after`, oldest first, numbered without gaps. There may be fewer than `limit` although more exist up to `last_seq`, if their resources are large. */
  items: Change[];
  /** The number of the latest change; 0 before the first. */
  last_seq: number;
}

/** A token for a page in a browser. */
export interface ClientToken {
  expires_at: Time;
  may: Word<"read" | "create_link" | "send" | "void">[];
  order_id: string;
  /** In the form that browsers send. */
  origin: string;
  /** Sent as `Authorization: Bearer …`, from a page of the origin. */
  token: string;
}

/** A console session. */
export interface ConsoleSession {
  /** The address of the sign-in. */
  address?: string;
  /** The API key it was created with. */
  api_key_id?: string;
  created_at: Time;
  /** Whether this call was made with it. */
  current: boolean;
  /** When it ends unless it is used. */
  expires_at: Time;
  id: string;
  /** The name of the operator, if there is one. */
  operator?: string;
  /** The browser's user agent. */
  user_agent?: string;
}

/** A conversation with a buyer. Number and name are absent once erased. */
export interface Conversation {
  /** The id of the assignee's key; absent if unassigned. */
  assigned_to?: string;
  created_at: Time;
  customer_name?: string;
  id: string;
  /** The latest message. */
  last_message?: LastMessage;
  last_message_at: Time;
  /** When the buyer opted out of texts. */
  opted_out_at?: Time;
  phone?: string;
  /** Whether it was closed by a person; a reply reopens it. */
  status: Word<"open" | "closed">;
  /** The number of unread messages of the buyer. */
  unread: number;
}

/** The assignment of a conversation. */
export interface ConversationAssignment {
  /** The id of a key; absent to unassign. */
  to?: string;
}

/** An event. */
export interface ConversationEvent {
  /** Who did it: a key (`key_…`) or an operator, or `buyer`, `stripe`, `carrier` or `system`. */
  actor: string;
  /** The link's amount; of a refund, its own, or, once it is made, all that was refunded until then. */
  amount?: Amount;
  at: Time;
  currency?: string;
  /** The final status of a dispute at Stripe, if the event is its end. */
  dispute_status?: string;
  /** As in the timeline of a link, or `opted_out`: the buyer opted out of texts. */
  event: string;
  invoice_number?: string;
  link_id?: string;
  order_id?: string;
  order_number?: string;
}

/** Events shown between messages, newest first. */
export interface ConversationTimeline {
  /** The hundred newest entries of the twenty newest orders. */
  items: ConversationEvent[];
  /** Those orders, newest first. */
  orders: OrderOfBuyer[];
}

/** An entry of the credit ledger. */
export interface CreditEntry {
  /** The change of the available credits. */
  amount: number;
  /** The credits available after it. */
  available_after: number;
  created_at: Time;
  /** The recipient of the text, until erased. */
  customer_name?: string;
  /** The change of the held credits. */
  held: number;
  id: string;
  kind: Word<"top_up" | "hold" | "capture" | "release" | "purchase" | "refund" | "correction">;
  message_id?: string;
  note?: string;
  /** Its number in the ledger, from 1. */
  number: number;
  /** The order of the text, until it is erased. */
  order_id?: string;
  /** The number of the order. */
  order_number?: string;
  purchase_id?: string;
  /** The key that sent the text, if one did. */
  sent_by?: string;
}

/** An amount of credits with its price. */
export interface CreditPack {
  amount: Amount;
  credits: number;
  currency: string;
  /** The id to use in a purchase. */
  id: string;
}

/** The packs for sale. */
export interface CreditPacks {
  /** In the operator's order; empty if credits are not sold. */
  items: CreditPack[];
}

/** A purchase of credits from the operator. */
export interface CreditPurchase {
  /** The key that requested it. */
  actor: string;
  amount: Amount;
  created_at: Time;
  /** The credits in the ledger from this purchase now. */
  credited: number;
  credits: number;
  currency: string;
  /** Why it failed. */
  failure?: string;
  id: string;
  /** The merchant who buys. */
  merchant_id: string;
  paid_at?: Time;
  /** How much of the price was refunded. */
  refunded_amount?: Amount;
  /** Refunded credits that are not available and are taken once they are. */
  short?: number;
  status: Word<"creating" | "open" | "processing" | "paid" | "expired" | "failed">;
  /** The URL of the payment page at the operator's Stripe; absent while it cannot be paid. */
  url?: string;
}

/** Prepaid credits. */
export interface Credits {
  /** The credits that can be spent. */
  available: number;
  /** The credits held for messages in progress. */
  held: number;
  /** Whether fewer credits are available than the threshold. */
  low: boolean;
  /** Since when they are low. */
  low_since?: Time;
  /** Whether 80 % of them or more are used. */
  texts_near_limit: boolean;
  /** The limit of texts per UTC day; absent: no limit. */
  texts_per_day?: number;
  /** How many were accepted today; absent without a limit. */
  texts_today?: number;
  /** The threshold for a warning; 0 for none. */
  threshold: number;
}

/** The figures of a period in one currency. Links that were erased after 90 days count without an amount. */
export interface CurrencySummary {
  /** The number of links created in the period. */
  asked: number;
  /** How many of them are paid by now. */
  asked_and_paid: number;
  currency: string;
  /** The total paid on each day with a payment. */
  days: DaySummary[];
  /** How much of `paid` is contested: the whole of each payment with an undecided dispute, though it be of a part or only an inquiry yet. */
  disputed: string;
  /** The number of these payments. */
  disputed_links: number;
  /** How many payments of the period were lost in a dispute. */
  lost_links: number;
  /** The median time in seconds from the creation of a link to its payment through Stripe in the period; an estimate if more than a thousand links can be involved. */
  median_seconds_to_pay?: number;
  /** The total of links that can be paid or are being paid, whenever they were created. */
  outstanding: string;
  /** The number of these links. */
  outstanding_links: number;
  /** The total of unpaid orders whose due date is over, whenever they were created. */
  overdue: string;
  /** Whether more orders are overdue, of any currency: only the thousand that were due first are counted. */
  overdue_more: boolean;
  /** The number of these orders. */
  overdue_orders: number;
  /** The total paid in the period, through Stripe or elsewhere. Payments elsewhere count on the day given for them. */
  paid: string;
  /** The number of links with such a payment. */
  paid_links: number;
  /** How much of what was paid in the period was refunded so far. */
  refunded: string;
  /** How many of them the buyer has viewed. */
  viewed: number;
}

/** The buyer; erased with the last link. */
export interface Customer {
  /** BCP 47. */
  language?: string;
  name: string;
  /** E.164. */
  phone?: string;
}

/** Changes to the buyer. */
export interface CustomerChanges {
  language?: string | null;
  name?: string;
  /** Later texts are sent to it; the conversation with the old number stays. */
  phone?: string;
}

/** The total paid on a day. */
export interface DaySummary {
  day: string;
  paid: string;
}

/** A buyer's intention to pay on a day. */
export interface ExpectedPayment {
  /** When the buyer said so. */
  at: Time;
  /** The day, in the merchant's time zone. */
  on: string;
  /** Whether it was kept. Reminders wait until the day is over. */
  status: Word<"pending" | "kept" | "broken">;
}

/** One field of the input and what is wrong with it. */
export interface FieldError {
  /** The field, as a path such as `customer.phone`. */
  field: string;
  /** What is wrong with it. */
  reason: string;
}

/** A gateway's HTTP request, and how its answers and reports are read. `url`, `headers` and `body` are handlebars with plain variables, escaped for their context: `{{to}}`, `{{from}}`, `{{text}}`, `{{message_id}}`, `{{report_url}}` and `{{secrets.name}}`. Pointers are JSON pointers such as `/message/id`. Codes are compared with the value at `code` and with the HTTP status. */
export interface Gateway {
  /** Pointer to a list of several reports or texts, such as `/results`; a list that is the whole body needs none. */
  batch?: string;
  body?: string;
  /** Pointer to a code in its answer. */
  code?: string;
  /** Codes of a text that is refused for good. */
  final_codes?: string[];
  /** Must not contain `{{text}}`; includes the body's `Content-Type`. */
  headers?: Record<string, string>;
  /** Pointer to the gateway's id of the text in its answer; absent: it gives none. */
  id?: string;
  incoming?: GatewayTexts;
  /** Absent: `POST`. */
  method?: Word<"POST" | "PUT" | "GET">;
  /** Codes of a buyer who has opted out. */
  opted_out_codes?: string[];
  reports?: GatewayReports;
  /** Codes of a text that was certainly not accepted, and is handed over again later. */
  retryable_codes?: string[];
  signature?: GatewaySignature;
  /** Codes of an accepted text, compared with the code, or with the HTTP status of an answer without one. If there are any, any other code is a refusal, even with 200. */
  success_codes?: string[];
  /** `https://…`; the host must not contain variables. */
  url: string;
}

/** A value that distinguishes texts from reports, for gateways that use one format for both. */
export interface GatewayMarker {
  /** Pointer to the value, such as `/data/event_type`. */
  at: string;
  /** Its values for a text, such as `message.received`. */
  is: string[];
}

/** How a gateway's delivery reports are read: JSON, or a form, which is read as an object of strings. */
export interface GatewayReports {
  /** Statuses of a text that reached the phone. */
  delivered: string[];
  /** Pointer to the gateway's id of the text; absent: `{{report_url}}` identifies the text. */
  id?: string;
  /** Pointer to the reason. */
  reason?: string;
  /** Pointer to the status. */
  status: string;
  /** Statuses of a text that could not be delivered. */
  undelivered: string[];
}

/** How a gateway signs its reports and buyers' texts: an HMAC-SHA256 of the body in a header, optionally prefixed with `sha256=`. Unsigned calls are refused. The key in the URL is required as well. */
export interface GatewaySignature {
  encoding: Word<"hex" | "base64">;
  /** The header, such as `X-Signature`. */
  header: string;
  /** The name of the key among `secrets`. */
  secret: string;
}

/** How a gateway passes on buyers' texts. */
export interface GatewayTexts {
  from: string;
  id: string;
  marker?: GatewayMarker;
  text: string;
}

/** An item of an order. */
export interface Item {
  description: string;
  quantity: number;
  unit_amount: Amount;
}

/** The latest message of a conversation. */
export interface LastMessage {
  /** Absent once erased; empty if only pictures came. */
  body?: string;
  created_at: Time;
  direction: Word<"outgoing" | "incoming">;
  id: string;
  /** The number of pictures; absent if there are none. */
  pictures?: number;
  status: Word<"received" | "scheduled" | "queued" | "sending" | "unknown" | "sent" | "delivered" | "undelivered" | "failed" | "cancelled">;
  /** Until when an unsent text waits for the buyer's morning; only in the list. */
  waits_until?: Time;
}

/** What the matches in one currency come to. */
export interface ListSum {
  /** The total of all. */
  amount: string;
  currency: string;
  /** The total of those that are unpaid. */
  unpaid: string;
}

/** What all matches of a list come to. */
export interface ListTotals {
  /** How many there are. */
  count: number;
  /** Whether there are more than `count`, or may be, since not all was looked through; then `sums` is empty. */
  more: boolean;
  /** Their totals by currency. */
  sums: ListSum[];
}

/** The merchant's logo. */
export interface Logo {
  content_type: Word<"image/png" | "image/jpeg">;
  /** The height in pixels. */
  height: number;
  sha256: string;
  url: string;
  /** The width in pixels. */
  width: number;
}

/** A payment for an order that was not requested by a link. */
export interface MarkOrderPaid {
  /** The amount in the order's currency; absent: the order's amount. */
  amount?: Amount;
  /** The invoice number; absent: the order's number. */
  invoice_number?: string;
  /** The payment method. */
  method: "cash" | "bank_transfer" | "check" | "terminal" | "other";
  /** A note for your records, in one line. */
  note?: string;
  /** The day of the payment, such as `2026-11-26`; absent: today in your time zone. */
  on?: string;
  /** Whether the buyer gets a receipt by text; absent: as the merchant says. */
  receipt?: boolean;
}

/** A payment received without Stripe. */
export interface MarkPaid {
  /** The payment method. */
  method: "cash" | "bank_transfer" | "check" | "terminal" | "other";
  /** A note for your records, in one line. */
  note?: string;
  /** The day of the payment, such as `2026-11-26`; absent: today in your time zone. */
  on?: string;
  /** Whether the buyer gets a receipt by text; absent: as the merchant says. */
  receipt?: boolean;
}

/** A message. Its number and text are absent once erased. */
export interface Message {
  /** The key (`key_…`) that requested it, if one did. */
  actor?: string;
  body?: string;
  conversation_id: string;
  created_at: Time;
  credits: number;
  delivered_at?: Time;
  direction: Word<"outgoing" | "incoming">;
  /** Why it failed. */
  error?: string;
  id: string;
  link_id?: string;
  /** Why it was sent: `merchant`; or automatically as `reminder`, `answer`, `receipt` or `voided`. */
  origin: Word<"merchant" | "reminder" | "answer" | "receipt" | "voided">;
  /** Since when it waits for a person, because it is unknown whether the carrier accepted it. */
  parked_at?: Time;
  /** The pictures that came with it; absent if there are none. */
  pictures?: Picture[];
  segments: number;
  /** The earliest time to send it. */
  send_at?: Time;
  sent_at?: Time;
  /** `received` for an incoming message. */
  status: Word<"received" | "scheduled" | "queued" | "sending" | "unknown" | "sent" | "delivered" | "undelivered" | "failed" | "cancelled">;
  /** The buyer's number. */
  to?: string;
  /** Until when an automatic text (a reminder, a receipt, a withdrawal) waits for the buyer's morning; only in the list of a conversation's messages. */
  waits_until?: Time;
}

/** The template of a link's message. */
export interface MessageTemplate {
  /** Handlebars with the variables `merchant_name`, `customer_name`, `order_number`, `invoice_number`, `amount`, `link` and `expires_on`; `{{link}}` is required. */
  body: string;
  /** Whether typographic quotes, dashes and the like are replaced in all your texts where that makes them cheaper. Absent: unchanged; initially `true`. */
  plain_typography?: boolean;
}

/** A new API key. */
export interface NewApiKey {
  /** When the key expires; absent: never. */
  expires_at?: Time;
  /** Return an invitation URL instead of the key. It shows the key to another person, once, within seven days. */
  invite?: boolean;
  /** The name of the key, to recognise it later. */
  name: string;
  /** What the key may do. Each scope includes the ones before it. */
  scope: "read" | "send" | "write" | "admin";
}

/** Many orders at once. */
export interface NewBatch {
  /** The rows. */
  rows: NewBatchRow[];
  /** Text each link to its buyer as soon as it can be paid. */
  send?: boolean;
}

/** A row of a batch: an order with a key. */
export interface NewBatchRow {
  /** The total as a decimal string: `"129.50"`. It must equal the sum of items, shipping, discount and tax; with items it may be left out. */
  amount?: Amount;
  /** ISO 4217, such as `eur`. Absent: the merchant's currency. */
  currency?: string;
  /** The buyer. */
  customer: NewCustomer;
  /** The discount. */
  discount?: Amount;
  /** The day by which the invoice is to be paid. */
  due_date?: string;
  /** The date of your invoice. Absent: the day on which the payment link is created. */
  invoice_date?: string;
  /** The items. */
  items?: NewItem[];
  /** Your key for the row. Of all rows with the same key, in any batch, one is carried out. */
  key: string;
  /** Data for your software. */
  metadata?: Record<string, string>;
  /** Notes for your staff. Buyers never see them. */
  notes?: string;
  /** Your order number. */
  number: string;
  /** The cost of shipping. */
  shipping?: Amount;
  /** The tax, unless it is included in the items. */
  tax?: Amount;
}

/** What a page may do, and for how long. */
export interface NewClientToken {
  /** The allowed actions. */
  may: ("read" | "create_link" | "send" | "void")[];
  /** The lifetime in minutes. */
  minutes: number;
  /** The order. */
  order_id: string;
  /** The origin of the page: scheme, host and port, such as `https://shop.example.com`. */
  origin: string;
}

/** The pack to buy. */
export interface NewCreditPurchase {
  /** The id of the pack. */
  pack: string;
}

/** The buyer of a new order. */
export interface NewCustomer {
  /** The language as a BCP 47 tag. */
  language?: string;
  /** The name. */
  name: string;
  /** The phone number. Without a country code it is read as one of the merchant's region. */
  phone: string;
}

/** An item of a new order. */
export interface NewItem {
  /** The description. */
  description: string;
  /** The quantity. */
  quantity: number;
  /** The unit price. */
  unit_amount: Amount;
}

/** A new order. */
export interface NewOrder {
  /** The total as a decimal string: `"129.50"`. It must equal the sum of items, shipping, discount and tax; with items it may be left out. */
  amount?: Amount;
  /** ISO 4217, such as `eur`. Absent: the merchant's currency. */
  currency?: string;
  /** The buyer. */
  customer: NewCustomer;
  /** The discount. */
  discount?: Amount;
  /** The day by which the invoice is to be paid. An unpaid order is overdue after it; the payment link can still be paid. */
  due_date?: string;
  /** The date of your invoice. Absent: the day on which the payment link is created. */
  invoice_date?: string;
  /** The items. */
  items?: NewItem[];
  /** Data for your software. */
  metadata?: Record<string, string>;
  /** Notes for your staff. Buyers never see them. */
  notes?: string;
  /** Your own number for the order. */
  number: string;
  /** The cost of shipping. */
  shipping?: Amount;
  /** The tax, unless it is included in the items. */
  tax?: Amount;
}

/** A new webhook endpoint. */
export interface NewWebhookEndpoint {
  /** A description for your own people. */
  description?: string;
  /** The subscribed events: names such as `link.paid`, all of one resource such as `link.*`, or everything: `*`. */
  events: ("*" | "order.*" | "link.*" | "message.*" | "credits.*" | "attention.*" | "order.created" | "order.updated" | "link.created" | "link.unpaid" | "link.failed" | "link.viewed" | "link.processing" | "link.paid" | "link.refunded" | "link.disputed" | "link.voided" | "link.expired" | "link.review" | "link.updated" | "message.scheduled" | "message.sent" | "message.delivered" | "message.failed" | "message.received" | "message.updated" | "credits.low" | "credits.updated" | "attention.opened" | "attention.resolved")[];
  /** The URL that webhooks are sent to by POST: `https://`, at a public address. */
  url: string;
}

/** The number and the reason; absent fields are taken from the query. */
export interface OptInInput {
  /** The number in any notation. */
  phone?: string;
  /** The reason, in one line: how the buyer asked for texts again. */
  reason?: string;
}

/** A number that is opted out. */
export interface OptOut {
  conversation_id: string;
  /** The buyer's name in their latest order; absent if there is none. */
  customer_name?: string;
  opted_out_at: Time;
  /** E.164; absent once erased, which the opt-out outlives. */
  phone?: string;
  /** The merchant's reason. */
  reason?: string;
  /** Who opted it out: `buyer` by a text, `carrier` by refusing a text, or `merchant`. */
  source: Word<"buyer" | "carrier" | "merchant">;
}

/** The number and the reason. */
export interface OptOutInput {
  /** The number in any notation. */
  phone: string;
  /** The reason: how the buyer said so. */
  reason: string;
}

/** An order. */
export interface Order {
  /** The total. */
  amount: Amount;
  /** When it was archived. */
  archived_at?: Time;
  /** The conversation with the buyer, if there is one; only when a single order is read. */
  conversation_id?: string;
  created_at: Time;
  currency: string;
  customer: Customer;
  discount?: Amount;
  /** The day by which the invoice is to be paid. */
  due_date?: string;
  /** The changes and who made them, newest first; only when a single order is read. */
  history?: OrderHistoryEntry[];
  id: string;
  /** The date of the invoice, if it has one of its own. */
  invoice_date?: string;
  items: Item[];
  /** The payment links, newest first; only when a single order is read. */
  links?: PaymentLink[];
  /** Metadata of your software. */
  metadata: Record<string, string>;
  /** Notes for your staff. */
  notes?: string;
  /** Notices in addition to the tag; where orders are listed or read. */
  notices?: Word<"refunded" | "partly_refunded" | "refund_pending" | "refund_failed" | "disputed" | "inquiry" | "dispute_lost" | "dispute_won" | "dispute_prevented" | "inquiry_closed" | "dispute_closed" | "review" | "processing" | "overdue" | "payment_failed" | "link_failed" | "not_delivered" | "delivery_unknown" | "unrecognised" | "unread">[];
  /** The merchant's order number. */
  number: string;
  /** Whether the buyer wants no texts, so that none can be sent; only when a single order is read. */
  opted_out?: boolean;
  shipping?: Amount;
  tag: Word<"none" | "unpaid" | "paid">;
  tax?: Amount;
  /** Warnings: `phone_extension_left_out`, in the answer to the input; `phone_landline`, which may not get texts, also where a single order is read. */
  warnings?: string[];
}

/** The complete order. Its number is in the path. */
export interface OrderByNumber {
  /** The total as a decimal string: `"129.50"`. It must equal the sum of items, shipping, discount and tax; with items it may be left out. */
  amount?: Amount;
  /** ISO 4217, such as `eur`. Absent: the merchant's currency. */
  currency?: string;
  /** The buyer. */
  customer: NewCustomer;
  /** The discount. */
  discount?: Amount;
  /** The day by which the invoice is to be paid. */
  due_date?: string;
  /** The date of your invoice. Absent: the day on which the payment link is created. */
  invoice_date?: string;
  /** The items. */
  items?: NewItem[];
  /** Data for your software. */
  metadata?: Record<string, string>;
  /** Notes for your staff. Buyers never see them. */
  notes?: string;
  /** The cost of shipping. */
  shipping?: Amount;
  /** The tax, unless it is included in the items. */
  tax?: Amount;
}

/** Changes to an order. Absent fields stay as they are; `null` removes a value. What a payment link asks for (`number`, `items`, the amounts and the dates) can only be changed while none is open. */
export interface OrderChanges {
  amount?: Amount;
  currency?: string;
  customer?: CustomerChanges;
  discount?: Amount | null;
  due_date?: string | null;
  invoice_date?: string | null;
  /** All items. */
  items?: NewItem[];
  /** All entries. */
  metadata?: Record<string, string>;
  notes?: string | null;
  number?: string;
  shipping?: Amount | null;
  tax?: Amount | null;
}

/** An entry in an order's history. */
export interface OrderHistoryEntry {
  /** The actor: the id of an API key. */
  actor: string;
  /** The name of the key. */
  actor_name?: string;
  at: Time;
  /** What was done. */
  event: string;
  /** The changed fields. */
  fields: string[];
}

/** An order of the buyer. */
export interface OrderOfBuyer {
  /** In which currency; absent with it. */
  currency?: string;
  /** Whether it has an open payment link. */
  has_open_link: boolean;
  id: string;
  number: string;
  /** What its open link asks for; absent where none is open. */
  open_amount?: Amount;
  /** The order's tag: a paid order needs no further link. */
  tag?: Word<"none" | "unpaid" | "paid">;
}

/** How a link was paid. */
export interface PaidBy {
  /** Who recorded it. */
  actor?: string;
  /** `stripe`, or as the merchant says: `cash`, `bank_transfer`, `check`, `terminal` or `other`. */
  method: string;
  /** The merchant's note. */
  note?: string;
  /** The day of the payment, if it was not through Stripe. */
  on?: string;
}

/** A payment link. Erased fields are absent. */
export interface PaymentLink {
  amount?: Amount;
  created_at: Time;
  currency: string;
  /** The buyer's language, if known; only in lists of links. */
  customer_language?: string;
  /** The buyer's name; only in lists of links. */
  customer_name?: string;
  /** The payment in Stripe's dashboard, where refunds are made. */
  dashboard_url?: string;
  /** The status of the last text with the link; absent if it was never sent. */
  delivery?: Word<"received" | "scheduled" | "queued" | "sending" | "unknown" | "sent" | "delivered" | "undelivered" | "failed" | "cancelled">;
  /** The dispute's status at Stripe: `warning_needs_response` and `warning_under_review` while the bank only inquires, `needs_response`, `under_review`, `won`, `lost`, `prevented`, `warning_closed`, or one that Stripe has added. */
  dispute_status?: string;
  /** The state of a dispute of the payment, the most serious one if there are several; `closed` is an inquiry that was closed, or a dispute that was prevented. */
  disputed?: Word<"open" | "won" | "lost" | "closed">;
  /** The day on which the buyer intends to pay. */
  expected?: ExpectedPayment;
  expires_at: Time;
  /** Why it could not be created; for an open link, why it cannot be closed or renewed at Stripe. */
  failure?: string;
  /** Whether the first page of the invoice is available as a picture. */
  has_picture: boolean;
  id: string;
  invoice_number?: string;
  /** Days before expiry at which the buyer is reminded once more, regardless of `reminders_at_most`; 0 for never. */
  last_reminder_days?: number;
  /** Metadata of your software. */
  metadata: Record<string, string>;
  /** When the buyer of the closed link asked for a new one. */
  new_link_wanted_at?: Time;
  /** Whether the buyer wants no texts; only of unpaid links in lists. */
  opted_out?: boolean;
  order_id: string;
  /** The order's number; only in lists of links. */
  order_number?: string;
  /** When it became `paid`. For a payment elsewhere, `paid_by` has the day on which the money arrived. */
  paid_at?: Time;
  /** How it was paid, or, while it is `settling`, how the merchant says it was. */
  paid_by?: PaidBy;
  /** The accepted payment methods. */
  payment_methods: string;
  purged_at?: Time;
  /** Whether the buyer gets a receipt by text. Absent: the merchant's setting. */
  receipt?: boolean;
  /** How much of the payment was refunded. */
  refund_status: Word<"none" | "partial" | "full">;
  /** The total of the refunds at Stripe that succeeded. */
  refunded_amount?: Amount;
  /** Days after the last text about it. */
  reminder_after_days?: number;
  /** Whether the buyer is reminded. Absent, like the next three fields: the merchant's setting. */
  reminders?: boolean;
  /** The most reminders. */
  reminders_at_most?: number;
  /** Until when the dispute has to be answered at Stripe; absent once it is answered or over, or where Stripe names no day. */
  respond_by?: Time;
  /** What a person should review. */
  review?: Word<"paid_after_void" | "paid_after_expiry" | "amount_mismatch" | "currency_mismatch" | "livemode_mismatch" | "paid_twice">;
  status: Word<"creating" | "failed" | "unpaid" | "processing" | "paid" | "voiding" | "voided" | "expiring" | "expired" | "settling">;
  /** The payment page at Stripe. */
  stripe_url?: string;
  timeline: TimelineEntry[];
  /** A refund of the payment that is under way, or that failed without another one since; absent once all of it was refunded. */
  unfinished_refund?: UnfinishedRefund;
  /** When the buyer said that they do not recognise it. */
  unrecognised_at?: Time;
  /** The buyer's page. Absent, too, where it stands for a payment that no link asked for. */
  url?: string;
  viewed_at?: Time;
  /** What to check before sending the link: the first page is blank, or the PDF lacks the number or the total that was entered. Warnings block nothing. */
  warnings: Word<"first_page_blank" | "number_not_in_invoice" | "amount_not_in_invoice">[];
}

/** Changes to a payment link. Absent fields stay as they are; `null` returns to the merchant's setting. */
export interface PaymentLinkChanges {
  /** Days before expiry at which the buyer is reminded once more, regardless of `reminders_at_most`; 0 for never. */
  last_reminder_days?: number | null;
  /** Days after the last text about it. */
  reminder_after_days?: number | null;
  /** Whether the buyer is reminded. */
  reminders?: boolean | null;
  /** The most reminders. */
  reminders_at_most?: number | null;
}

/** The holder or former holder of a key. */
export interface Person {
  /** The id of the key, as in `actor`. */
  id: string;
  /** The key's last four characters; empty while it is an invitation. */
  last_four: string;
  /** The name of the key. */
  name: string;
}

/** A picture that came with a buyer's text. */
export interface Picture {
  /** Such as `image/jpeg`. */
  content_type?: string;
  /** Why it is not available. */
  error?: string;
  /** The path on this server, once it is stored. */
  path?: string;
  /** `waiting` for the carrier, `stored`, or `failed`. */
  status: string;
}

/** The rendered template and its cost. */
export interface Preview {
  /** Characters of the text. */
  characters: number;
  credits: number;
  encoding: Word<"GSM-7" | "UCS-2">;
  /** The replaced characters. */
  replaced: Replacement[];
  segments: number;
  text: string;
  /** What to consider before sending. */
  warnings: string[];
}

/** A template to try. */
export interface PreviewRequest {
  /** The template. */
  body: string;
  /** The language of dates; absent: English. */
  language?: string;
  /** The link to fill in; absent: an example. */
  link_id?: string;
  /** Whether typography is replaced; absent: the current setting. */
  plain_typography?: boolean;
  /** The purpose of the text; absent: `request`. */
  purpose?: "request" | "reminder" | "receipt" | "voided";
}

/** The body of a problem response. */
export interface Problem {
  /** What went wrong, for programs; stable. */
  code: string;
  /** What went wrong, for people. */
  detail: string;
  /** For bad input: field by field. */
  errors?: FieldError[];
  /** For `order_exists`: the order that has the number. */
  order_id?: string;
  /** The status. */
  status: number;
  /** The status, in words. */
  title: string;
  /** Always `about:blank`: the `code` tells problems apart. */
  type: string;
}

/** The merchant. */
export interface Profile {
  /** The address on invoices made here. */
  address?: string;
  /** The colour of its pages as `#rrggbb`; absent: the default. */
  colour?: string;
  /** How buyers reach the merchant. */
  contact?: string;
  created_at: Time;
  /** ISO 4217: the default currency of new orders. */
  currency?: string;
  id: string;
  /** The language of texts to buyers whose language is unknown; absent: templates without a language. */
  language?: string;
  /** Days before a link expires at which its buyer is reminded once more, regardless of `reminders_at_most`; 0 for never. */
  last_reminder_days: number;
  logo?: Logo;
  /** The number of credits below which the merchant is warned; 0 for never. */
  low_credit_threshold: number;
  /** The name that buyers see. */
  name: string;
  /** The accepted payment methods of links without their own. */
  payment_methods: string;
  /** Whether buyers get a text when they have paid. */
  receipts: boolean;
  /** ISO 3166: the region of phone numbers without a country code. */
  region: string;
  /** ISO 4217: the currency of shops of its region; absent where it is not plain which. Examples of texts ask for it without a `currency`. */
  region_currency?: string;
  /** Days after the last text about a link. */
  reminder_after_days: number;
  /** Whether buyers are reminded of unpaid links. */
  reminders: boolean;
  /** The most reminders for one link. */
  reminders_at_most: number;
  /** The tax number on invoices made here. */
  tax_number?: string;
  /** The first hour of automatic texts (reminders, receipts), by the buyer's clock. */
  texts_from: number;
  /** Whether they are also sent on Sundays. */
  texts_on_sundays: boolean;
  /** The hour before which they end. */
  texts_until: number;
  /** IANA, such as `Europe/Berlin`: determines when days end. */
  time_zone: string;
  webhook_urls: WebhookUrls;
}

/** Changes to the merchant. Absent fields stay as they are; `null` removes a value. */
export interface ProfileChanges {
  /** At most 6 lines. */
  address?: string | null;
  /** `#rrggbb`, dark enough for white text. */
  colour?: string | null;
  contact?: string | null;
  currency?: string | null;
  /** The language of texts to buyers whose language is unknown. */
  language?: string | null;
  /** Days before a link expires at which its buyer is reminded once more, regardless of `reminders_at_most`; 0 for never. */
  last_reminder_days?: number;
  /** The number of credits below which the merchant is warned; 0 for never. */
  low_credit_threshold?: number;
  name?: string;
  /** The accepted payment methods of links without their own. With some, a payment takes days, and the link is `processing` meanwhile. */
  payment_methods?: string;
  /** Whether buyers get a text when they have paid, with the template `receipt`, which costs credits like any other. */
  receipts?: boolean;
  region?: string;
  /** Days after the last text about a link. */
  reminder_after_days?: number;
  /** Whether buyers are reminded of unpaid links. */
  reminders?: boolean;
  /** The most reminders for one link. */
  reminders_at_most?: number;
  tax_number?: string | null;
  /** The first hour of automatic texts (reminders, receipts), by the buyer's clock: 9, unless it is changed. */
  texts_from?: number;
  /** Whether they are also sent on Sundays. */
  texts_on_sundays?: boolean;
  /** The hour before which they end: 20, unless it is changed. */
  texts_until?: number;
  time_zone?: string;
}

/** The template for a purpose and a language. */
export interface PurposeTemplate {
  /** Handlebars with the variables `merchant_name`, `customer_name`, `order_number`, `invoice_number`, `amount`, `link` and `expires_on`, and `metadata.` with a key of your own, which is empty if neither the link nor its order has it. */
  body: string;
  /** The cost of its text with example values. */
  credits: number;
  /** The language it is written in; absent: none in particular. */
  language?: string;
  /** Whether you wrote it for this purpose. If not, it is the one for requests, or the default. */
  own: boolean;
  purpose: Word<"request" | "reminder" | "receipt" | "voided">;
}

/** A template. */
export interface PurposeTemplateInput {
  /** The text; `{{link}}` is required in a request and a reminder. */
  body: string;
}

/** All templates. */
export interface PurposeTemplates {
  /** By purpose and language. */
  items: PurposeTemplate[];
}

/** The beginning of a recovery. */
export interface Recover {
  /** Deliver everything that was missed since then, at most 30 days back. */
  since: Time;
}

/** The result of a recovery. */
export interface Recovered {
  /** The number of webhooks to deliver. */
  deliveries: number;
}

/** A replaced character. */
export interface Replacement {
  /** The original. */
  from: string;
  times: number;
  /** The replacement. */
  to: string;
}

/** How a matter was resolved. */
export interface Resolve {
  /** For your own records, in one line. */
  note?: string;
}

/** How to send a link. */
export interface Send {
  /** The language of the template; absent: the buyer's, if known, else yours. */
  language?: string;
  /** Refuse it (409 `not_recognised`, `payment_expected`) if the buyer does not recognise the request, or has named a day to pay that is not over. A `reminder` always is. */
  only_wanted?: boolean;
  /** Which of your templates to use; absent: `request`. With `reminder`, reminds the buyer now. */
  purpose?: "request" | "reminder";
  /** If you have written no template in the buyer's language, use the ready one in it instead of yours in another. */
  ready?: boolean;
  /** Send it even if it was sent to this number less than a minute ago. */
  resend?: boolean;
  /** The earliest time, at most 35 days from now and before the link expires; absent: at once. Until then the message is `scheduled` and its credits are held; a void, a payment, the link's end or an opt-out cancels it. */
  send_at?: Time;
  /** A template for this message only; absent: the merchant's. */
  template?: string;
}

/** The steps before the first payment, done or not. */
export interface SetUp {
  /** A carrier is connected. */
  carrier: boolean;
  /** There is an order. */
  order: boolean;
  /** Stripe accepts the key. */
  stripe: boolean;
  /** There is a template of your own. */
  template: boolean;
}

/** The connection to the carrier. */
export interface SmsIntegration {
  /** For `twilio`. */
  account_sid?: string;
  /** Whether the carrier itself answers STOP, START and HELP. */
  answers_keywords: boolean;
  /** The token's last four characters. For `twilio`. */
  auth_token_last_four?: string;
  carrier: Word<"twilio" | "http">;
  from: string;
  /** For `http`. */
  gateway?: Gateway;
  /** What to change, or to try. */
  reason?: string;
  /** The names of the stored secrets. For `http`. */
  secret_names?: string[];
  /** `failed`: `reason` says what to change; `unknown`: the carrier cannot be asked or did not answer, so send a test text. */
  status: Word<"checking" | "connected" | "failed" | "unknown">;
  /** The URL where the carrier reports incoming texts. For `http` it contains a key, which is shown only in the answer to the `PUT` and in `{{report_url}}`. */
  webhook_url: string;
}

/** An account with a carrier: Twilio or a compatible service, or a gateway whose HTTP request you describe. */
export interface SmsKeys {
  /** The account's id (`AC…`). For `twilio`. */
  account_sid?: string;
  /** Whether the carrier itself answers STOP, START and HELP, so that Paylink does not answer HELP too; absent: yes for `twilio`, no for `http`. */
  answers_keywords?: boolean;
  /** The account's token. For `twilio`. */
  auth_token?: string;
  /** Absent: `twilio`. */
  carrier?: "twilio" | "http";
  /** The sender of texts. For `twilio` a number, a short code, a name of at most 11 characters or a messaging service (`MG…`), otherwise whatever the gateway accepts. */
  from: string;
  /** The description of the request. For `http`. */
  gateway?: Gateway;
  /** The secrets in the request's templates: `{{secrets.name}}`. For `http`; absent: the existing ones, unless the gateway's host changes. */
  secrets?: Record<string, string>;
}

/** The connection to Stripe. */
export interface StripeIntegration {
  /** The account of the key, if the key may read it. */
  account?: string;
  /** The result of the last health check. */
  health?: StripeWebhookHealth;
  /** When the latest event from Stripe arrived. */
  last_event_at?: Time;
  livemode: boolean;
  /** What to change. */
  reason?: string;
  /** The key's last four characters. */
  secret_key_last_four: string;
  status: Word<"checking" | "connected" | "failed">;
  /** The endpoint registered from here, if that was requested. */
  webhook_endpoint?: StripeWebhookEndpoint;
  webhook_secret_last_four?: string;
  /** All valid signing secrets, newest first. */
  webhook_secrets: StripeWebhookSecretView[];
  /** The URL for the webhook endpoint at Stripe. */
  webhook_url: string;
}

/** The keys of your Stripe account. */
export interface StripeKeys {
  /** Whether to register our webhook endpoint at Stripe, so that no secret need be copied by hand. */
  register_webhook?: boolean;
  /** A secret (`sk_…`) or restricted (`rk_…`) key. */
  secret_key: string;
  /** The signing secret (`whsec_…`) of the webhook endpoint. The previous one stays valid for three more days. */
  webhook_secret?: string;
}

/** The registration of our webhook endpoint. */
export interface StripeWebhookEndpoint {
  /** Stripe's id (`we_…`). */
  id?: string;
  /** What to do. */
  reason?: string;
  status: Word<"registering" | "registered" | "failed">;
}

/** The health of the webhooks. */
export interface StripeWebhookHealth {
  /** What it means, and what to do about it. */
  advice: string;
  /** When it was checked. */
  at?: Time;
  /** Since when signatures have been wrong, if they are. */
  since?: Time;
  status: Word<"healthy" | "no_secret" | "never_received" | "wrong_secret" | "endpoint_missing" | "endpoint_disabled" | "modes_mixed" | "events_missing">;
}

/** A signing secret of a webhook endpoint. */
export interface StripeWebhookSecret {
  /** The secret (`whsec_…`). */
  webhook_secret: string;
}

/** A signing secret, identified by its end. */
export interface StripeWebhookSecretView {
  last_four: string;
  /** When it expires, because another has replaced it. */
  until?: Time;
}

/** The figures of a period. */
export interface Summary {
  /** The figures of each currency with a link. */
  currencies: CurrencySummary[];
  /** The first day, in your time zone. */
  from: string;
  set_up: SetUp;
  /** The last day. */
  to: string;
}

/** The recipient of a test text. */
export interface TestText {
  /** A mobile number, preferably with its country code. */
  to: string;
}

/** A text to a buyer. */
export interface Text {
  /** The text. */
  body: string;
}

/** The cost of sending it. */
export interface TextCost {
  /** The credits available. */
  available: number;
  credits: number;
  /** `GSM-7` or `UCS-2`. */
  encoding: string;
  segments: number;
  /** The text as it would be sent. */
  text: string;
}

/** A draft of a text to a buyer. */
export interface TextDraft {
  /** The text so far. */
  body: string;
}

/** An event in the life of a link. */
export interface TimelineEntry {
  /** Who did it: a key (`key_…`) or an operator, or `buyer`, `stripe`, `carrier` or `system`. */
  actor: string;
  at: Time;
  /** More about it, for people. */
  detail?: string;
  /** What happened, such as `unpaid`, `sent`, `viewed` or `paid`. More may be added. */
  event: string;
}

/** A refund that is not made. */
export interface UnfinishedRefund {
  /** All that is under way, or what failed; absent once it is erased, or in several currencies. */
  amount?: Amount;
  /** In which currency; absent with it. */
  currency?: string;
  /** `pending` or `failed`. */
  status: Word<"pending" | "succeeded" | "failed">;
}

/** Unread conversations. */
export interface Unread {
  /** The number of conversations with unread messages of the buyer. */
  conversations: number;
}

/** The input of a void. */
export interface Void {
  /** The reason, for your records. */
  reason?: string;
  /** Whether the buyer is told by text, with the template `voided`, which costs credits like any other. */
  tell_buyer?: boolean;
}

/** A webhook delivery. */
export interface WebhookDelivery {
  /** How many milliseconds the last answer took. */
  answered_in_ms?: number;
  /** The HTTP status of the last answer. */
  answered_status?: number;
  /** When it happened. */
  at: Time;
  attempted_at?: Time;
  attempts: number;
  /** When it is next tried, while it is pending. */
  due_at?: Time;
  /** Why the last attempt failed. */
  error?: string;
  /** The value of `webhook-id`, the same for each attempt. */
  id: string;
  /** The number of the endpoint's change before it. */
  previous_seq?: number;
  /** The number of the change; absent for a test. */
  seq?: number;
  state: Word<"pending" | "delivered" | "failed">;
  /** What happened, such as `link.paid`. */
  type: string;
}

/** A webhook endpoint. */
export interface WebhookEndpoint {
  created_at: Time;
  description?: string;
  disabled_at?: Time;
  /** `by_hand`; `gone`: it answered 410; `failing`: it has accepted nothing for 5 days. */
  disabled_because?: Word<"by_hand" | "gone" | "failing">;
  /** Whether anything is delivered to it. */
  enabled: boolean;
  /** The subscribed events: names such as `link.paid`, all of one resource such as `link.*`, or everything: `*`. */
  events: Word<"*" | "order.*" | "link.*" | "message.*" | "credits.*" | "attention.*" | "order.created" | "order.updated" | "link.created" | "link.unpaid" | "link.failed" | "link.viewed" | "link.processing" | "link.paid" | "link.refunded" | "link.disputed" | "link.voided" | "link.expired" | "link.review" | "link.updated" | "message.scheduled" | "message.sent" | "message.delivered" | "message.failed" | "message.received" | "message.updated" | "credits.low" | "credits.updated" | "attention.opened" | "attention.resolved">[];
  /** Since when all deliveries have failed. */
  failing_since?: Time;
  id: string;
  /** The number of the latest change of its subscription. */
  last_seq?: number;
  /** The secret to verify its webhooks with, shown only this once: store it. */
  secret?: string;
  url: string;
}

/** Changes to an endpoint. Absent fields stay as they are. */
export interface WebhookEndpointChanges {
  /** `null` removes it. */
  description?: string | null;
  /** Whether anything is delivered to it. */
  enabled?: boolean;
  events?: ("*" | "order.*" | "link.*" | "message.*" | "credits.*" | "attention.*" | "order.created" | "order.updated" | "link.created" | "link.unpaid" | "link.failed" | "link.viewed" | "link.processing" | "link.paid" | "link.refunded" | "link.disputed" | "link.voided" | "link.expired" | "link.review" | "link.updated" | "message.scheduled" | "message.sent" | "message.delivered" | "message.failed" | "message.received" | "message.updated" | "credits.low" | "credits.updated" | "attention.opened" | "attention.resolved")[];
  url?: string;
}

/** All of a merchant's webhook endpoints, oldest first. */
export interface WebhookEndpoints {
  items: WebhookEndpoint[];
}

/** An event received by webhook. */
export interface WebhookEvent {
  /** When its job finished. */
  applied_at?: Time;
  error?: string;
  /** The sender's id of the event. */
  external_id: string;
  id: string;
  /** The payment link it is about. */
  link_id?: string;
  received_at: Time;
  /** Whether it can be replayed: its payload is stored until it is ignored, or for 90 days; once it is applied, only if it is at most 64 KiB long. */
  replayable: boolean;
  /** `stripe` or `sms`. */
  source: Word<"stripe" | "sms">;
  /** `received`: its job is not done yet; `applied`; `ignored`: it is not relevant to us; `failed`: `error` says why. */
  state: Word<"received" | "applied" | "ignored" | "failed">;
  /** The sender's type of the event, such as `checkout.session.completed`. */
  type: string;
}

/** The URLs where others send their webhooks. Known before anything is connected, so that they can be entered at the other side first. */
export interface WebhookUrls {
  sms: string;
  stripe: string;
}

/** What `list_api_keys` is asked with. */
export interface ListApiKeysQuery {
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `get_attention` is asked with. */
export interface GetAttentionQuery {
  /** Absent: `open`. */
  status?: "open" | "resolved";
  /** Only matters of this kind. */
  kind?: "review" | "dispute" | "link_failed" | "text_not_delivered" | "unrecognised" | "unread_reply" | "stripe_connection" | "low_credit" | "link_wanted" | "evidence_expiring";
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `get_audit_log` is asked with. */
export interface GetAuditLogQuery {
  /** The actor: the id of an API key; `operator`, or `operator:` and a name. */
  actor?: string;
  /** The id of the subject: a link, a message, a key, … */
  subject?: string;
  /** Only entries about the newest hundred orders that match this text, the newest hundred archived ones, or their links: part of a number, of the buyer's name or phone number, or the amount. */
  q?: string;
  /** Only what was done for the rows of this batch. */
  batch_id?: string;
  /** Leave out what was done for rows of batches: the start of a batch stands for its rows. */
  folded?: boolean;
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `list_batches` is asked with. */
export interface ListBatchesQuery {
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `create_batch` is asked with. */
export interface CreateBatchQuery {
  /** For a CSV: whether each link is texted to its buyer. */
  send?: boolean;
  /** For a CSV whose columns have other names: what each column means, in order, separated by commas. An empty name skips a column: `number,customer_name,customer_phone,,amount`. */
  columns?: string;
  /** Your name for the batch, such as a file name. */
  name?: string;
}

/** What `list_batch_rows` is asked with. */
export interface ListBatchRowsQuery {
  /** How many at most; a page may be shorter. */
  limit?: number;
  /** Only rows in this state. */
  status?: "ready" | "refused" | "done" | "failed" | "cancelled";
}

/** What `list_changes` is asked with. */
export interface ListChangesQuery {
  /** The number of the last change you know; absent: from the oldest stored change. */
  after?: number;
  /** The most changes to return, up to 500. */
  limit?: number;
  /** How many seconds to wait for a change, up to 8. */
  wait?: number;
}

/** What `list_console_sessions` is asked with. */
export interface ListConsoleSessionsQuery {
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `list_conversations` is asked with. */
export interface ListConversationsQuery {
  /** Part of the buyer's name or number, or of an order's search text. A whole phone number finds that buyer. A page may be short or empty and still have a `next_cursor`. */
  q?: string;
  /** Only open or only closed conversations; absent: both. */
  status?: "open" | "closed";
  /** Only conversations assigned to this key, or to `nobody`. */
  assigned_to?: string;
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `list_conversation_messages` is asked with. */
export interface ListConversationMessagesQuery {
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `list_credit_purchases` is asked with. */
export interface ListCreditPurchasesQuery {
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `list_credits_entries` is asked with. */
export interface ListCreditsEntriesQuery {
  /** How many at most; a page may be shorter. */
  limit?: number;
  /** Only entries that change the available credits, in a page: those that hold credits for a text, but not those that capture them. */
  changing?: boolean;
  /** Absent: as `Accept` says. */
  format?: "json" | "csv";
}

/** What `delete_message_template_for` is asked with. */
export interface DeleteMessageTemplateForQuery {
  /** BCP 47, such as `en` or `de-AT`. */
  language?: string;
}

/** What `get_message_template_for` is asked with. */
export interface GetMessageTemplateForQuery {
  /** Such as `pt-BR`. The template for it applies, else the one for `pt`, else the one without a language. */
  language?: string;
  /** `true`: the default in that language, regardless of your own; in English if there is none. */
  ready?: boolean;
}

/** What `put_message_template_for` is asked with. */
export interface PutMessageTemplateForQuery {
  /** BCP 47, such as `en` or `de-AT`. */
  language?: string;
}

/** What `list_messages` is asked with. */
export interface ListMessagesQuery {
  status?: "received" | "scheduled" | "queued" | "sending" | "unknown" | "sent" | "delivered" | "undelivered" | "failed" | "cancelled" | ("received" | "scheduled" | "queued" | "sending" | "unknown" | "sent" | "delivered" | "undelivered" | "failed" | "cancelled")[];
  /** Part of the text. 10,000 texts are searched at a time, so a page may be short or empty and still have a `next_cursor`. */
  q?: string;
  link_id?: string;
  /** Messages with a payment link of this order. */
  order_id?: string;
  /** Created then or later: a day, as the merchant counts days, or a time. */
  created_from?: string;
  /** Created then or before: a day, which is included, or a time. */
  created_to?: string;
  /** `-created_at`, the newest first, or `created_at`. Absent: the newest first. */
  sort?: "-created_at" | "created_at";
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `delete_opt_outs` is asked with. */
export interface DeleteOptOutsQuery {
  phone?: string;
  reason?: string;
}

/** What `list_opt_outs` is asked with. */
export interface ListOptOutsQuery {
  /** How many at most; a page may be shorter. */
  limit?: number;
  phone?: string;
}

/** What `list_orders` is asked with. */
export interface ListOrdersQuery {
  /** Part of the number, of a link's invoice number, of the buyer's name or phone number, of the notes or of a value of the metadata, or the amount. Ignores case. A whole phone number finds the orders of that buyer. */
  q?: string;
  /** The order's tag. */
  tag?: "none" | "unpaid" | "paid";
  /** Only unpaid orders whose due date is over. */
  overdue?: boolean;
  /** Orders with a payment link in any of these statuses. */
  status?: "creating" | "failed" | "unpaid" | "processing" | "paid" | "voiding" | "voided" | "expiring" | "expired" | "settling" | ("creating" | "failed" | "unpaid" | "processing" | "paid" | "voiding" | "voided" | "expiring" | "expired" | "settling")[];
  /** Orders with a payment link that has this review. */
  review?: "paid_after_void" | "paid_after_expiry" | "amount_mismatch" | "currency_mismatch" | "livemode_mismatch" | "paid_twice";
  /** Created then or later: a day, as the merchant counts days, or a time. */
  created_from?: string;
  /** Created then or before: a day, which is included, or a time. */
  created_to?: string;
  /** Orders with a payment link that was paid in this period. */
  paid_from?: string;
  /** Paid then or before: a day, which is included, or a time. What was paid elsewhere counts by its day. */
  paid_to?: string;
  /** Archived orders instead of the others. */
  archived?: boolean;
  /** Also say what all matches come to, if there are at most 1,000. */
  totals?: boolean;
  /** `-created_at`, the newest first, or `created_at`. Absent: the newest first. */
  sort?: "-created_at" | "created_at";
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** The form of `create_order_payment_link`. */
export interface CreateOrderPaymentLinkForm {
  /** Absent: the order's. */
  amount?: Amount;
  /** ISO 4217; absent: the order's. */
  currency?: string;
  /** The last day on which it can be paid, at most 90 days away. */
  expires_on?: string;
  /** A PDF of at most 10 MiB; absent: the order's details page. */
  invoice?: Blob | ArrayBuffer | Uint8Array;
  /** Absent: the order's number. */
  invoice_number?: string;
  /** How many days before it expires its buyer is reminded once more; 0: not; absent: as the merchant says. */
  last_reminder_days?: number;
  /** What your software is to keep with it: a JSON object of texts. */
  metadata?: Record<string, string>;
  /** How it may be paid; absent: as the merchant says. */
  payment_methods?: string;
  /** Whether its buyer gets a text once paid; absent: as the merchant says. */
  receipt?: boolean;
  /** How many days after the last text about it; absent: as the merchant says. */
  reminder_after_days?: number;
  /** Whether its buyer is reminded; absent: as the merchant says. */
  reminders?: boolean;
  /** How often, at most; absent: as the merchant says. */
  reminders_at_most?: number;
}

/** What `list_payment_links` is asked with. */
export interface ListPaymentLinksQuery {
  /** Links in any of these statuses. */
  status?: "creating" | "failed" | "unpaid" | "processing" | "paid" | "voiding" | "voided" | "expiring" | "expired" | "settling" | ("creating" | "failed" | "unpaid" | "processing" | "paid" | "voiding" | "voided" | "expiring" | "expired" | "settling")[];
  /** Part of the invoice number, of the order's number, of the buyer's name or phone number, of the order's notes or of a value of the metadata, or the amount. Ignores case. A whole phone number finds the links of that buyer. */
  q?: string;
  order_id?: string;
  /** The order's tag. */
  tag?: "none" | "unpaid" | "paid";
  /** Links with this review. */
  review?: "paid_after_void" | "paid_after_expiry" | "amount_mismatch" | "currency_mismatch" | "livemode_mismatch" | "paid_twice";
  /** Links with a dispute in any of these states. */
  disputed?: "open" | "won" | "lost" | "closed" | ("open" | "won" | "lost" | "closed")[];
  /** In this currency. */
  currency?: string;
  /** Created then or later: a day, as the merchant counts days, or a time. */
  created_from?: string;
  /** Created then or before: a day, which is included, or a time. */
  created_to?: string;
  /** Paid then or later: a day, as the merchant counts days, or a time. What was paid elsewhere counts by its day. */
  paid_from?: string;
  /** Paid then or before: a day, which is included, or a time. What was paid elsewhere counts by its day. */
  paid_to?: string;
  /** Only links of archived orders, or only those of others; absent: both. */
  archived?: boolean;
  /** Also say what all matches come to, if there are at most 1,000. */
  totals?: boolean;
  /** `-created_at`, the newest first, or `created_at`. Absent: the newest first. */
  sort?: "-created_at" | "created_at";
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `get_people` is asked with. */
export interface GetPeopleQuery {
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `get_summary` is asked with. */
export interface GetSummaryQuery {
  /** The first day, such as `2026-11-01`; absent: the first of this month in your time zone. */
  from?: string;
  /** The last day; absent: today. */
  to?: string;
}

/** What `list_webhook_endpoint_deliveries` is asked with. */
export interface ListWebhookEndpointDeliveriesQuery {
  /** Only deliveries in this state. */
  state?: "pending" | "delivered" | "failed";
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `list_webhook_events` is asked with. */
export interface ListWebhookEventsQuery {
  /** The sender's type of the event. */
  type?: string;
  /** `stripe` or `sms`. */
  source?: "stripe" | "sms";
  /** `received`, `applied`, `ignored` or `failed`. */
  state?: "received" | "applied" | "ignored" | "failed";
  /** How many at most; a page may be shorter. */
  limit?: number;
}
