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
  /** When it ends by itself. */
  expires_at?: Time;
  id: string;
  /** Where the invitation is accepted, the one time that it is shown: send it to whoever is to have the key. */
  invitation_url?: string;
  /** Until when the invitation to it can be accepted; absent: it was handed over. */
  invited_until?: Time;
  /** The key itself, the one time that it is shown: keep it. */
  key?: string;
  /** The key's last four characters; empty while it is an invitation. */
  last_four: string;
  /** When it was last used, to the minute. */
  last_used_at?: Time;
  name: string;
  revoked_at?: Time;
  /** Each includes the ones before it. */
  scope: Word<"read" | "send" | "write" | "admin">;
}

/** Something that needs a person, or needed one. Of what it is about, the ids are there that it has. */
export interface Attention {
  /** What that link asks for. */
  amount?: Amount;
  conversation_id?: string;
  currency?: string;
  /** The buyer of that order, or of that conversation. */
  customer_name?: string;
  id: string;
  /** The number on the invoice of that link. */
  invoice_number?: string;
  kind: Word<"review" | "dispute" | "link_failed" | "text_not_delivered" | "unrecognised" | "unread_reply" | "stripe_connection" | "low_credit" | "link_wanted" | "evidence_expiring">;
  link_id?: string;
  message_id?: string;
  note?: string;
  opened_at: Time;
  order_id?: string;
  /** The number of that order. */
  order_number?: string;
  /** More of why: of a `review` which, of a text its status, of a connection what is the matter, of a link that was made what does not get on (`close_failed`, `renewal_failed`), of a dispute that it was `lost`, of evidence the day on which it is erased. */
  reason?: string;
  resolved_at?: Time;
  /** The key that resolved it; `system` if there was nothing left to do. */
  resolved_by?: string;
  /** How what the buyer has written begins, of an `unread_reply`. */
  text?: string;
}

/** An entry of the audit log. */
export interface AuditEntry {
  /** What was done, such as `link.void`. */
  action: string;
  /** The id of an API key; `operator`, or `operator:` and a name. */
  actor: string;
  /** What the key is called, if it was one. */
  actor_name?: string;
  /** `true` of a link that was sent before: the buyer was reminded of it. */
  again?: boolean;
  /** What that link asks for. */
  amount?: Amount;
  at: Time;
  currency?: string;
  /** The reason that was given, or what came of it. */
  detail?: string;
  id: string;
  /** The number on the invoice, if it was a link. */
  invoice_number?: string;
  /** Whose affairs it was about. */
  merchant_id?: string;
  /** The order that it was, or that it was for, until it is erased; to the merchant only. */
  order_id?: string;
  /** The number of that order. */
  order_number?: string;
  /** To what: an id. */
  subject: string;
}

/** Many orders at once. */
export interface Batch {
  /** The key that began it. */
  actor: string;
  /** How many were not done when it was cancelled. */
  cancelled: number;
  created_at: Time;
  /** What its texts cost: of rows that can be done, and of those that are. */
  credits: number;
  /** How many are done: there are an order and a link. */
  done: number;
  /** When it was done or cancelled. */
  ended_at?: Time;
  /** How many were begun and could not be done; each says why. */
  failed: number;
  id: string;
  /** What you call it, such as the name of its file; erased after 90 days. */
  name?: string;
  /** How many can be done and are not yet. */
  ready: number;
  /** How many cannot be done; each says why. */
  refused: number;
  /** How many rows it has. */
  rows: number;
  /** Whether each link is sent to its buyer. */
  send: boolean;
  started_at?: Time;
  status: Word<"ready" | "running" | "paused" | "done" | "cancelled">;
  /** What those rows ask for, by currency. */
  totals: BatchTotal[];
}

/** A row of a batch. */
export interface BatchRow {
  /** What is asked for, as read. */
  amount?: Amount;
  /** What its text costs. */
  credits: number;
  currency?: string;
  /** The buyer, as read; absent of a row that cannot be done, and once erased. */
  customer_name?: string;
  customer_phone?: string;
  /** The same for people. */
  detail?: string;
  key: string;
  link_id?: string;
  message_id?: string;
  /** Which row, from 1. */
  number: number;
  /** The order that it became, in this batch or in one before. */
  order_id?: string;
  /** Your own number for the order, as it was read. */
  order_number?: string;
  /** What is wrong with it, or worth to know: a problem's code, `duplicate_key`, `duplicate_number`, `order_exists`, `done_before`, `same_phone` of a row that is done all the same, or, of a row that is done without a text, why there is none, such as `opted_out`. */
  problem?: string;
  status: Word<"ready" | "refused" | "done" | "failed" | "cancelled">;
}

/** What the rows of a batch ask for in one currency. */
export interface BatchTotal {
  amount: Amount;
  currency: string;
}

/** What is being erased. */
export interface BuyerErasure {
  /** How many payment links are erased one by one, each closed at Stripe before if it is open. */
  links: number;
  /** How many orders the buyer has: their numbers, amounts and tags stay, and nothing of the buyer or of what was ordered. */
  orders: number;
}

/** All that is kept of a buyer. */
export interface BuyerExport {
  /** What was said, newest first. */
  messages: Message[];
  /** The name, as the latest order has it. */
  name?: string;
  /** Since when the buyer wants no texts. */
  opted_out_at?: Time;
  /** The orders with their payment links, newest first. */
  orders: Order[];
  /** E.164. */
  phone: string;
}

/** A change. */
export interface Change {
  at: Time;
  /** The resource as it is now, in the words of its own call; absent if nothing is left of it. */
  resource?: ChangedResource;
  /** Its number among the merchant's changes, from 1. */
  seq: number;
  /** What has happened, such as `link.paid`; `….updated` says that anything else about the resource has changed. What stands before the dot says of what `resource` is: `order`, `link`, `message`, `credits` or `attention`. More may come. */
  type: string;
}

/** What a change is about: an order without its links, a payment link, a message, the credits, or what needs a person. */
export type ChangedResource = PaymentLink | Message | Order | Credits | Attention;

/** Changes, in the order of their numbers. */
export interface Changes {
  /** The changes after `after`, oldest first; their numbers follow each other without a gap. Fewer than `limit` if what they are about is large, though there are more up to `last_seq`. */
  items: Change[];
  /** The number of the last change that there is; 0 before the first. */
  last_seq: number;
}

/** A token for a page in a browser. */
export interface ClientToken {
  expires_at: Time;
  may: Word<"read" | "create_link" | "send" | "void">[];
  order_id: string;
  /** As browsers write it. */
  origin: string;
  /** To be sent as `Authorization: Bearer …`, from a page of the origin. */
  token: string;
}

/** A console session. */
export interface ConsoleSession {
  /** From which address somebody signed in. */
  address?: string;
  /** The API key that somebody signed in with. */
  api_key_id?: string;
  created_at: Time;
  /** Whether this call was made with it. */
  current: boolean;
  /** When it ends if it is not used before. */
  expires_at: Time;
  id: string;
  /** The name of the operator who signed in, if they have one. */
  operator?: string;
  /** What their browser called itself. */
  user_agent?: string;
}

/** The conversation with a buyer. Number and name are absent once they were erased. */
export interface Conversation {
  /** Whose it is: the id of a key. Absent: nobody's. */
  assigned_to?: string;
  created_at: Time;
  customer_name?: string;
  id: string;
  /** What was last said. */
  last_message?: LastMessage;
  last_message_at: Time;
  /** Since when the buyer wants no more texts. */
  opted_out_at?: Time;
  phone?: string;
  /** Whether a person has closed it; a reply opens it again. */
  status: Word<"open" | "closed">;
  /** How many texts of the buyer have not been read. */
  unread: number;
}

/** Whose a conversation is to be. */
export interface ConversationAssignment {
  /** The id of a key; absent: nobody's. */
  to?: string;
}

/** Something that happened. */
export interface ConversationEvent {
  /** Who did it: a key (`key_…`) or an operator, or `buyer`, `stripe`, `carrier` or `system`. */
  actor: string;
  amount?: Amount;
  at: Time;
  currency?: string;
  /** How a dispute ended, in Stripe's word, where `event` says that it did. */
  dispute_status?: string;
  /** As in the timeline of a link; or `opted_out`: the buyer wants no more texts. */
  event: string;
  invoice_number?: string;
  link_id?: string;
  order_id?: string;
  order_number?: string;
}

/** What happened beside what was said, newest first. */
export interface ConversationTimeline {
  /** The hundred newest entries of the twenty newest orders. */
  items: ConversationEvent[];
  /** Those orders, newest first. */
  orders: OrderOfBuyer[];
}

/** An entry of the credit ledger. */
export interface CreditEntry {
  /** What it adds to the credits available. */
  amount: number;
  /** The credits available after it. */
  available_after: number;
  created_at: Time;
  /** To whom that text went, until it is erased. */
  customer_name?: string;
  /** What it adds to the credits held. */
  held: number;
  id: string;
  kind: Word<"top_up" | "hold" | "capture" | "release" | "purchase" | "refund" | "correction">;
  message_id?: string;
  note?: string;
  /** Its place in the ledger, from 1. */
  number: number;
  /** The order of that text, until it is erased. */
  order_id?: string;
  /** The number of that order. */
  order_number?: string;
  purchase_id?: string;
  /** The key that sent that text, if one did. */
  sent_by?: string;
}

/** Credits for money. */
export interface CreditPack {
  amount: Amount;
  credits: number;
  currency: string;
  /** To be named when it is bought. */
  id: string;
}

/** The packs that are sold. */
export interface CreditPacks {
  /** As the operator lists them; none where no credits are sold. */
  items: CreditPack[];
}

/** Credits that are bought of the operator. */
export interface CreditPurchase {
  /** Which key asked for it. */
  actor: string;
  amount: Amount;
  created_at: Time;
  /** How many credits the ledger has of it now. */
  credited: number;
  credits: number;
  currency: string;
  /** Why it failed. */
  failure?: string;
  id: string;
  /** Who buys. */
  merchant_id: string;
  paid_at?: Time;
  /** How much of the price went back. */
  refunded_amount?: Amount;
  /** How many credits of those whose price went back are not there; they are taken when they are. */
  short?: number;
  status: Word<"creating" | "open" | "processing" | "paid" | "expired" | "failed">;
  /** Where it is paid: a page of the operator's Stripe; absent when it cannot be paid, or not yet. */
  url?: string;
}

/** Prepaid credits. */
export interface Credits {
  /** What can be spent. */
  available: number;
  /** What is set aside for messages under way. */
  held: number;
  /** Whether less can be spent than the threshold. */
  low: boolean;
  /** Since when it is low. */
  low_since?: Time;
  /** Whether 80 % of them or more are sent. */
  texts_near_limit: boolean;
  /** How many texts keys may send in a day, by UTC; absent: as many as wanted. */
  texts_per_day?: number;
  /** How many were accepted today; absent where there is no limit. */
  texts_today?: number;
  /** Below so many there is a warning; 0: never. */
  threshold: number;
}

/** What a period came to in one currency. What was erased after 90 days counts as a link, and its amount as nothing. */
export interface CurrencySummary {
  /** How many links were made in the period. */
  asked: number;
  /** How many of those are paid by now. */
  asked_and_paid: number;
  currency: string;
  /** What was paid on each day on which something was. */
  days: DaySummary[];
  /** How many of those payments a bank has taken back, by a dispute that was lost. */
  lost_links: number;
  /** Half of what was paid by Stripe in the period was paid within so many seconds of its link. */
  median_seconds_to_pay?: number;
  /** What is asked by links that can be paid now, or are being paid, whenever they were made. */
  outstanding: string;
  /** How many links those are. */
  outstanding_links: number;
  /** What was paid in the period, by Stripe or elsewhere; the latter counts by the day that was given for it. */
  paid: string;
  /** How many links those payments were for. */
  paid_links: number;
  /** What was refunded so far of what was paid in the period. */
  refunded: string;
  /** How many of those the buyer has seen. */
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

/** What is to change of the buyer. */
export interface CustomerChanges {
  language?: string | null;
  name?: string;
  /** Later texts go to it; the conversation with the old one stays. */
  phone?: string;
}

/** What was paid on a day. */
export interface DaySummary {
  day: string;
  paid: string;
}

/** A buyer's word that they will pay on a day. */
export interface ExpectedPayment {
  /** When they said so. */
  at: Time;
  /** On which day, as you count days. */
  on: string;
  /** What became of it. Reminders wait until the day is over. */
  status: Word<"pending" | "kept" | "broken">;
}

/** One field of the input and what is wrong with it. */
export interface FieldError {
  /** The field, as a path such as `customer.phone`. */
  field: string;
  /** What is wrong with it. */
  reason: string;
}

/** A gateway's HTTP request, and how its answers and reports are read. `url`, `headers` and `body` are handlebars with plain variables, escaped for where they stand: `{{to}}`, `{{from}}`, `{{text}}`, `{{message_id}}`, `{{report_url}}` and `{{secrets.name}}`. Pointers are JSON pointers such as `/message/id`. Codes are compared with what is at `code` and with the HTTP status. */
export interface Gateway {
  /** Where a list is of several reports or texts at once, such as `/results`; a list that is the whole body is read without. */
  batch?: string;
  body?: string;
  /** Where a code is in its answer. */
  code?: string;
  /** The text is refused for good. */
  final_codes?: string[];
  /** Without `{{text}}`; among them the body's `Content-Type`. */
  headers?: Record<string, string>;
  /** Where the gateway's id of the text is in its answer; absent: it gives none. */
  id?: string;
  incoming?: GatewayTexts;
  /** Absent: `POST`. */
  method?: Word<"POST" | "PUT" | "GET">;
  /** The buyer wants no more texts. */
  opted_out_codes?: string[];
  reports?: GatewayReports;
  /** The text was certainly not taken, and is handed over again later. */
  retryable_codes?: string[];
  signature?: GatewaySignature;
  /** The text was taken; compared with the code, or with the HTTP status of an answer without one. If any is named, another code is a refusal even with 200. */
  success_codes?: string[];
  /** `https://…`; the host without variables. */
  url: string;
}

/** A value that texts have and reports have not, for gateways that write both alike. */
export interface GatewayMarker {
  /** Where it is, such as `/data/event_type`. */
  at: string;
  /** What it is for a text, such as `message.received`. */
  is: string[];
}

/** How a gateway's delivery reports are read: JSON, or a form, which is read as an object of texts. */
export interface GatewayReports {
  /** Statuses of a text that reached the phone. */
  delivered: string[];
  /** Where the gateway's id of the text is; absent: `{{report_url}}` says which text it is about. */
  id?: string;
  /** Where it says why. */
  reason?: string;
  /** Where the status is. */
  status: string;
  /** Statuses of one that could not. */
  undelivered: string[];
}

/** How a gateway signs its reports and buyers' texts: an HMAC-SHA256 of the body in a header, with or without `sha256=` before it. What is not signed so is refused. The key in the URL is needed all the same. */
export interface GatewaySignature {
  encoding: Word<"hex" | "base64">;
  /** The header, such as `X-Signature`. */
  header: string;
  /** The name, among `secrets`, of the key. */
  secret: string;
}

/** How a gateway passes on buyers' texts. */
export interface GatewayTexts {
  from: string;
  id: string;
  marker?: GatewayMarker;
  text: string;
}

/** A line of an order. */
export interface Item {
  description: string;
  quantity: number;
  unit_amount: Amount;
}

/** What was last said in a conversation. */
export interface LastMessage {
  /** Absent once it was erased; empty if only pictures came. */
  body?: string;
  created_at: Time;
  direction: Word<"outgoing" | "incoming">;
  id: string;
  /** How many pictures came with it; absent if none did. */
  pictures?: number;
  status: Word<"received" | "scheduled" | "queued" | "sending" | "unknown" | "sent" | "delivered" | "undelivered" | "failed" | "cancelled">;
  /** Until when it waits for the buyer's morning, where it has not left; only in the list. */
  waits_until?: Time;
}

/** The merchant's logo. */
export interface Logo {
  content_type: Word<"image/png" | "image/jpeg">;
  /** In pixels. */
  height: number;
  sha256: string;
  url: string;
  /** In pixels. */
  width: number;
}

/** Money that came without Stripe. */
export interface MarkPaid {
  /** How. */
  method: "cash" | "bank_transfer" | "check" | "terminal" | "other";
  /** For your own records. */
  note?: string;
  /** On which day it came, such as `2026-11-26`; absent: today, where you are. */
  on?: string;
}

/** A message. Its number and text are absent once they were erased. */
export interface Message {
  /** The key (`key_…`) that wanted it sent, if it was one. */
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
  /** Who wanted it sent: `merchant`; `reminder`, `answer`, `receipt` or `voided` if it was sent by itself. */
  origin: Word<"merchant" | "reminder" | "answer" | "receipt" | "voided">;
  /** Since when it waits for a person, because nobody knows whether the carrier took it. */
  parked_at?: Time;
  /** Pictures that came with it; absent if none did. */
  pictures?: Picture[];
  segments: number;
  /** Not before this time was it to be sent. */
  send_at?: Time;
  sent_at?: Time;
  /** `received` for an incoming one. */
  status: Word<"received" | "scheduled" | "queued" | "sending" | "unknown" | "sent" | "delivered" | "undelivered" | "failed" | "cancelled">;
  /** The buyer's number. */
  to?: string;
  /** Until when a text that nobody asked for at this hour (a reminder, a receipt, a withdrawal) waits for the buyer's morning; only where the texts of a conversation are listed. */
  waits_until?: Time;
}

/** The template of a link's message. */
export interface MessageTemplate {
  /** Handlebars with the variables `merchant_name`, `customer_name`, `order_number`, `invoice_number`, `amount`, `link` and `expires_on`; `{{link}}` is needed. */
  body: string;
  /** Whether typographic quotes, dashes and the like are made plain where that makes a message cheaper, in every text of yours. Absent: as it was; at first, `true`. */
  plain_typography?: boolean;
}

/** A new API key. */
export interface NewApiKey {
  /** When it ends by itself; absent: when it is revoked. */
  expires_at?: Time;
  /** Instead of the key get an address at which somebody else is shown it, once, within seven days. */
  invite?: boolean;
  /** What it is called, so that one knows later what it was for. */
  name: string;
  /** What it may do; each includes the ones before it. */
  scope: "read" | "send" | "write" | "admin";
}

/** Many orders at once. */
export interface NewBatch {
  /** The rows. */
  rows: NewBatchRow[];
  /** Whether each link is sent to its buyer as soon as it can be paid. */
  send?: boolean;
}

/** A row of a batch: an order, with a key. */
export interface NewBatchRow {
  /** The total, as a decimal text: `"129.50"`. Items, shipping, discount and tax make it; with items it may be left out. */
  amount?: Amount;
  /** ISO 4217: `eur`. Absent: the merchant's. */
  currency?: string;
  /** The buyer. */
  customer: NewCustomer;
  /** What is taken off. */
  discount?: Amount;
  /** The lines. */
  items?: NewItem[];
  /** Your own name for it: of all rows of all your batches with the same key, one happens. */
  key: string;
  /** What your software is to keep with it. */
  metadata?: Record<string, string>;
  /** What your people are to keep with it. No buyer sees it. */
  notes?: string;
  /** Your own number for the order. */
  number: string;
  /** What delivery costs. */
  shipping?: Amount;
  /** The tax, where the items do not include it. */
  tax?: Amount;
}

/** What a page may do, and for how long. */
export interface NewClientToken {
  /** What it may do with it. */
  may: ("read" | "create_link" | "send" | "void")[];
  /** For how many minutes. */
  minutes: number;
  /** With which order. */
  order_id: string;
  /** The origin of the page: scheme, host and port, such as `https://shop.example.com`. */
  origin: string;
}

/** What is bought. */
export interface NewCreditPurchase {
  /** Which pack. */
  pack: string;
}

/** The buyer of a new order. */
export interface NewCustomer {
  /** The language, as BCP 47 names it. */
  language?: string;
  /** The name. */
  name: string;
  /** The phone number; without a country code it is read in the merchant's region. */
  phone: string;
}

/** A line of a new order. */
export interface NewItem {
  /** What it is. */
  description: string;
  /** How many. */
  quantity: number;
  /** What one costs. */
  unit_amount: Amount;
}

/** A new order. */
export interface NewOrder {
  /** The total, as a decimal text: `"129.50"`. Items, shipping, discount and tax make it; with items it may be left out. */
  amount?: Amount;
  /** ISO 4217: `eur`. Absent: the merchant's. */
  currency?: string;
  /** The buyer. */
  customer: NewCustomer;
  /** What is taken off. */
  discount?: Amount;
  /** The lines. */
  items?: NewItem[];
  /** What your software is to keep with it. */
  metadata?: Record<string, string>;
  /** What your people are to keep with it. No buyer sees it. */
  notes?: string;
  /** Your own number for it. */
  number: string;
  /** What delivery costs. */
  shipping?: Amount;
  /** The tax, where the items do not include it. */
  tax?: Amount;
}

/** A new webhook endpoint. */
export interface NewWebhookEndpoint {
  /** What it is for, for your own people. */
  description?: string;
  /** What it is told of: names such as `link.paid`, all of one resource such as `link.*`, or everything: `*`. */
  events: ("*" | "order.*" | "link.*" | "message.*" | "credits.*" | "attention.*" | "order.created" | "order.updated" | "link.created" | "link.unpaid" | "link.failed" | "link.viewed" | "link.processing" | "link.paid" | "link.refunded" | "link.disputed" | "link.voided" | "link.expired" | "link.review" | "link.updated" | "message.scheduled" | "message.sent" | "message.delivered" | "message.failed" | "message.received" | "message.updated" | "credits.low" | "credits.updated" | "attention.opened" | "attention.resolved")[];
  /** Where webhooks are sent by POST: `https://`, at a public address. */
  url: string;
}

/** Whose number, and why; what is absent stands in the query. */
export interface OptInInput {
  /** The number, as anybody writes it. */
  phone?: string;
  /** Why: how the buyer asked for texts again. */
  reason?: string;
}

/** A number that gets no texts. */
export interface OptOut {
  conversation_id: string;
  opted_out_at: Time;
  /** E.164; absent once it was erased: the opt-out outlives it. */
  phone?: string;
  /** The reason that a merchant gave. */
  reason?: string;
  /** Who said so: `buyer` by a text, `carrier` when it was handed one, or `merchant`. */
  source: Word<"buyer" | "carrier" | "merchant">;
}

/** Whose number, and why. */
export interface OptOutInput {
  /** The number, as anybody writes it. */
  phone: string;
  /** Why: how the buyer said so. */
  reason: string;
}

/** An order. */
export interface Order {
  /** The total. */
  amount: Amount;
  /** Since when it is out of the lists. */
  archived_at?: Time;
  /** The conversation with its buyer, if there is one; only where a single order is asked for. */
  conversation_id?: string;
  created_at: Time;
  currency: string;
  customer: Customer;
  discount?: Amount;
  /** What was changed of it and by whom, newest first; only where a single order is asked for. */
  history?: OrderHistoryEntry[];
  id: string;
  items: Item[];
  /** Its payment links, newest first; only where a single order is asked for. */
  links?: PaymentLink[];
  /** What your software keeps with it. */
  metadata: Record<string, string>;
  /** What your people keep with it. */
  notes?: string;
  /** What should be known beside the tag. Where orders are listed or seen. */
  notices?: Word<"refunded" | "partly_refunded" | "disputed" | "dispute_lost" | "dispute_won" | "dispute_prevented" | "inquiry_closed" | "dispute_closed" | "review" | "payment_failed" | "link_failed" | "not_delivered" | "delivery_unknown" | "unrecognised" | "unread">[];
  /** The merchant's own number for it. */
  number: string;
  shipping?: Amount;
  tag: Word<"none" | "unpaid" | "paid">;
  tax?: Amount;
  /** What of the input was understood in another way than it was written, in the answer to it: `phone_extension_left_out`. */
  warnings?: string[];
}

/** An order, as it is to be from now on. Its number is in the path. */
export interface OrderByNumber {
  /** The total, as a decimal text: `"129.50"`. Items, shipping, discount and tax make it; with items it may be left out. */
  amount?: Amount;
  /** ISO 4217: `eur`. Absent: the merchant's. */
  currency?: string;
  /** The buyer. */
  customer: NewCustomer;
  /** What is taken off. */
  discount?: Amount;
  /** The lines. */
  items?: NewItem[];
  /** What your software is to keep with it. */
  metadata?: Record<string, string>;
  /** What your people are to keep with it. No buyer sees it. */
  notes?: string;
  /** What delivery costs. */
  shipping?: Amount;
  /** The tax, where the items do not include it. */
  tax?: Amount;
}

/** What is to change of an order. What is absent stays; `null` takes away what may be absent. What was asked of the buyer (`number`, `items` and the amounts) can only be changed while no payment link is open. */
export interface OrderChanges {
  amount?: Amount;
  currency?: string;
  customer?: CustomerChanges;
  discount?: Amount | null;
  /** All the lines. */
  items?: NewItem[];
  /** All of it. */
  metadata?: Record<string, string>;
  notes?: string | null;
  number?: string;
  shipping?: Amount | null;
  tax?: Amount | null;
}

/** Something that was done to an order. */
export interface OrderHistoryEntry {
  /** By whom: the id of an API key. */
  actor: string;
  /** What the key is called. */
  actor_name?: string;
  at: Time;
  /** What was done. */
  event: string;
  /** Which fields were changed. */
  fields: string[];
}

/** An order of the buyer. */
export interface OrderOfBuyer {
  /** Whether a payment link of it is open. */
  has_open_link: boolean;
  id: string;
  number: string;
  /** As of the order itself: a paid one needs no other link. */
  tag?: Word<"none" | "unpaid" | "paid">;
}

/** How a link was paid. */
export interface PaidBy {
  /** Who says so. */
  actor?: string;
  /** `stripe`, or as the merchant says: `cash`, `bank_transfer`, `check`, `terminal` or `other`. */
  method: string;
  /** What the merchant noted about it. */
  note?: string;
  /** On which day, if it was not by Stripe. */
  on?: string;
}

/** A payment link. What the purge has erased is absent. */
export interface PaymentLink {
  amount?: Amount;
  created_at: Time;
  currency: string;
  /** The buyer's name. Where links are listed. */
  customer_name?: string;
  /** The payment in Stripe's dashboard, where refunds are made. */
  dashboard_url?: string;
  /** How the last text that carries it stands, by the status of its message; absent if it was never sent. */
  delivery?: Word<"received" | "scheduled" | "queued" | "sending" | "unknown" | "sent" | "delivered" | "undelivered" | "failed" | "cancelled">;
  /** The same in Stripe's own word: `warning_needs_response` and `warning_under_review` while the bank only asks, `needs_response`, `under_review`, `won`, `lost`, `prevented`, `warning_closed`, or one that Stripe has added. */
  dispute_status?: string;
  /** How a dispute of the payment stands; `closed` is an inquiry that was closed, or a dispute that was prevented. Of several the gravest. */
  disputed?: Word<"open" | "won" | "lost" | "closed">;
  /** On which day the buyer says that they will pay. */
  expected?: ExpectedPayment;
  expires_at: Time;
  /** Why it could not be made; or, of an open link, what keeps it from being closed, or from being paid anew. */
  failure?: string;
  /** Whether there is a picture of the invoice's first page. */
  has_picture: boolean;
  id: string;
  invoice_number?: string;
  /** How many days before it expires its buyer is reminded once more, whatever `reminders_at_most` says; 0: not. */
  last_reminder_days?: number;
  /** What your software keeps with it. */
  metadata: Record<string, string>;
  /** When the buyer of a closed link asked for a new one. */
  new_link_wanted_at?: Time;
  order_id: string;
  /** The order's number. Where links are listed. */
  order_number?: string;
  /** When it became `paid`: `paid_by` has the day on which the money came, if that was elsewhere. */
  paid_at?: Time;
  /** How it was paid, once it is; or how the merchant says that it was, while it is `settling`. */
  paid_by?: PaidBy;
  /** How it may be paid. */
  payment_methods: string;
  purged_at?: Time;
  /** How much of what was paid went back. */
  refund_status: Word<"none" | "partial" | "full">;
  /** What was refunded at Stripe so far, in all: the refunds that succeeded. */
  refunded_amount?: Amount;
  /** How many days after the last text about it. */
  reminder_after_days?: number;
  /** Whether its buyer is reminded; absent, as with the three below: as the merchant says. */
  reminders?: boolean;
  /** How often, at most. */
  reminders_at_most?: number;
  /** What a person should look at. */
  review?: Word<"paid_after_void" | "paid_after_expiry" | "amount_mismatch" | "currency_mismatch" | "livemode_mismatch" | "paid_twice">;
  status: Word<"creating" | "failed" | "unpaid" | "processing" | "paid" | "voiding" | "voided" | "expiring" | "expired" | "settling">;
  /** Where Stripe takes the payment. */
  stripe_url?: string;
  timeline: TimelineEntry[];
  /** When the buyer said that they do not know what it is for. */
  unrecognised_at?: Time;
  /** The buyer's page. */
  url?: string;
  viewed_at?: Time;
  /** What is worth a look before the link is sent: the first page is blank, or the PDF's text lacks what was typed. It blocks nothing. */
  warnings: Word<"first_page_blank" | "number_not_in_invoice" | "amount_not_in_invoice">[];
}

/** What is to change of a payment link. What is absent stays; `null` is as the merchant says. */
export interface PaymentLinkChanges {
  /** How many days before it expires its buyer is reminded once more, whatever `reminders_at_most` says; 0: not. */
  last_reminder_days?: number | null;
  /** How many days after the last text about it. */
  reminder_after_days?: number | null;
  /** Whether its buyer is reminded. */
  reminders?: boolean | null;
  /** How often, at most. */
  reminders_at_most?: number | null;
}

/** Who has a key, or had one. */
export interface Person {
  /** The id of the key, as `actor` says it. */
  id: string;
  /** The key's last four characters; empty while it is an invitation. */
  last_four: string;
  /** What it is called. */
  name: string;
}

/** A picture that came with a buyer's text. */
export interface Picture {
  /** Such as `image/jpeg`. */
  content_type?: string;
  /** Why it cannot be seen. */
  error?: string;
  /** Where it can be seen, once it is stored: a path below the server. */
  path?: string;
  /** `waiting` for the carrier to give it, `stored`, or `failed`. */
  status: string;
}

/** What a template makes, and what that costs. */
export interface Preview {
  /** Characters of the text. */
  characters: number;
  credits: number;
  encoding: Word<"GSM-7" | "UCS-2">;
  /** What was made plain. */
  replaced: Replacement[];
  segments: number;
  text: string;
  /** What is worth a thought before it is sent. */
  warnings: string[];
}

/** A template to try. */
export interface PreviewRequest {
  /** The template. */
  body: string;
  /** In which language days are written; absent: English. */
  language?: string;
  /** The link to fill it with; absent: an example. */
  link_id?: string;
  /** Whether typography is made plain; absent: as it is set. */
  plain_typography?: boolean;
  /** What it is for; absent: `request`. */
  purpose?: "request" | "reminder" | "receipt" | "voided";
}

/** A problem as it is sent. */
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
  /** Where it is, as invoices that are made here say. */
  address?: string;
  /** The colour of its pages: `#rrggbb`; absent: ours. */
  colour?: string;
  /** How buyers reach it. */
  contact?: string;
  created_at: Time;
  /** ISO 4217: the currency of new orders that do not say. */
  currency?: string;
  id: string;
  /** The language of texts to buyers of whom none is known; absent: what was written in none in particular. */
  language?: string;
  /** How many days before a link expires its buyer is reminded once more, whatever `reminders_at_most` says; 0: not. */
  last_reminder_days: number;
  logo?: Logo;
  /** Below how many credits the merchant is warned; 0: never. */
  low_credit_threshold: number;
  /** The name that buyers see. */
  name: string;
  /** How buyers may pay, where a link does not say. */
  payment_methods: string;
  /** Whether buyers get a text when their payment has come. */
  receipts: boolean;
  /** ISO 3166: the region of phone numbers without a country code. */
  region: string;
  /** How many days after the last text about a link. */
  reminder_after_days: number;
  /** Whether buyers are reminded of unpaid links. */
  reminders: boolean;
  /** How often, at most, for one link. */
  reminders_at_most: number;
  /** Its number with the tax office, as invoices that are made here say. */
  tax_number?: string;
  /** IANA, such as `Europe/Berlin`: when its days end. */
  time_zone: string;
  webhook_urls: WebhookUrls;
}

/** What is to change. What is absent stays; `null` takes away what may be absent. */
export interface ProfileChanges {
  /** At most 6 lines. */
  address?: string | null;
  /** `#rrggbb`, dark enough for white text. */
  colour?: string | null;
  contact?: string | null;
  currency?: string | null;
  /** The language of texts to buyers of whom none is known. */
  language?: string | null;
  /** How many days before a link expires its buyer is reminded once more, whatever `reminders_at_most` says; 0: not. */
  last_reminder_days?: number;
  /** Below how many credits the merchant is warned; 0: never. */
  low_credit_threshold?: number;
  name?: string;
  /** How buyers may pay, where a link does not say. Some ways take days: the link is `processing` meanwhile. */
  payment_methods?: string;
  /** Whether buyers get a text when their payment has come, by the template `receipt`; it costs credits like any other. */
  receipts?: boolean;
  region?: string;
  /** How many days after the last text about a link. */
  reminder_after_days?: number;
  /** Whether buyers are reminded of unpaid links. */
  reminders?: boolean;
  /** How often, at most, for one link. */
  reminders_at_most?: number;
  tax_number?: string | null;
  time_zone?: string;
}

/** The text for a purpose, in a language. */
export interface PurposeTemplate {
  /** Handlebars with the variables `merchant_name`, `customer_name`, `order_number`, `invoice_number`, `amount`, `link` and `expires_on`, and `metadata.` with a key of your own, which is empty where neither the link nor its order has it. */
  body: string;
  /** What it costs as a text, with example values. */
  credits: number;
  /** In which language it was written; absent: in none in particular. */
  language?: string;
  /** Whether you wrote it for this purpose; if not, it is the request's, or ours. */
  own: boolean;
  purpose: Word<"request" | "reminder" | "receipt" | "voided">;
}

/** A template. */
export interface PurposeTemplateInput {
  /** The text; `{{link}}` is needed in a request and a reminder. */
  body: string;
}

/** All templates. */
export interface PurposeTemplates {
  /** By purpose and language. */
  items: PurposeTemplate[];
}

/** From when on. */
export interface Recover {
  /** Everything that happened since then and was not delivered is; 30 days back at most. */
  since: Time;
}

/** What is delivered again. */
export interface Recovered {
  /** How many webhooks. */
  deliveries: number;
}

/** Something of the typography that was made plain. */
export interface Replacement {
  /** What was written. */
  from: string;
  times: number;
  /** What is sent. */
  to: string;
}

/** How it was resolved. */
export interface Resolve {
  /** For your own records. */
  note?: string;
}

/** How to send. */
export interface Send {
  /** In which language, of those that there are templates in; absent: the buyer's, if it is known, else yours. */
  language?: string;
  /** Which of your templates; absent: the one for a request. With `reminder` a buyer is reminded now. */
  purpose?: "request" | "reminder";
  /** Send it also if it was sent to this number less than a minute ago. */
  resend?: boolean;
  /** Not before this time, at most 35 days from now and before the link expires; absent: at once. It is then `scheduled`, its credits are held, and both end with a void, a payment, the link's end or an opt-out. */
  send_at?: Time;
  /** A template for this message only; absent: the merchant's. */
  template?: string;
}

/** What was done before the first payment, and what is left to do. */
export interface SetUp {
  /** There is a carrier. */
  carrier: boolean;
  /** There is an order. */
  order: boolean;
  /** Stripe takes the key. */
  stripe: boolean;
  /** There is a template of one's own. */
  template: boolean;
}

/** The connection to the carrier. */
export interface SmsIntegration {
  /** For `twilio`. */
  account_sid?: string;
  /** Whether the carrier answers STOP, START and HELP by itself. */
  answers_keywords: boolean;
  /** The token's last four characters. For `twilio`. */
  auth_token_last_four?: string;
  carrier: Word<"twilio" | "http">;
  from: string;
  /** For `http`. */
  gateway?: Gateway;
  /** What to change, or to try. */
  reason?: string;
  /** The names of the secrets that are there. For `http`. */
  secret_names?: string[];
  /** `failed`: `reason` says what to change; `unknown`: the carrier cannot be asked, or did not answer, and a test text shows it. */
  status: Word<"checking" | "connected" | "failed" | "unknown">;
  /** The URL at which the carrier is to report incoming texts. For `http` it has a key in it, which is shown only in the answer to the `PUT`; `{{report_url}}` has it too. */
  webhook_url: string;
}

/** An account with a carrier: Twilio, or whoever speaks its REST; or a gateway whose HTTP request you describe. */
export interface SmsKeys {
  /** The account's id (`AC…`). For `twilio`. */
  account_sid?: string;
  /** Whether the carrier answers STOP, START and HELP by itself, so that Paylink does not answer HELP as well; absent: yes for `twilio`, no for `http`. */
  answers_keywords?: boolean;
  /** Its token. For `twilio`. */
  auth_token?: string;
  /** Absent: `twilio`. */
  carrier?: "twilio" | "http";
  /** Who buyers get texts from. For `twilio` a number, a short code, a name of at most 11 characters or a messaging service (`MG…`), else what the gateway takes. */
  from: string;
  /** The request. For `http`. */
  gateway?: Gateway;
  /** Secrets that the request's templates name: `{{secrets.name}}`. For `http`; absent: those that are there, unless the host of the gateway changes. */
  secrets?: Record<string, string>;
}

/** The connection to Stripe. */
export interface StripeIntegration {
  /** The account that the key belongs to, if the key may see it. */
  account?: string;
  /** What the last look at the webhooks found. */
  health?: StripeWebhookHealth;
  /** When Stripe last told us something. */
  last_event_at?: Time;
  livemode: boolean;
  /** What to change. */
  reason?: string;
  /** The key's last four characters. */
  secret_key_last_four: string;
  status: Word<"checking" | "connected" | "failed">;
  /** The endpoint that was registered here, if that was asked for. */
  webhook_endpoint?: StripeWebhookEndpoint;
  webhook_secret_last_four?: string;
  /** Every signing secret that is believed now, newest first. */
  webhook_secrets: StripeWebhookSecretView[];
  /** The URL of the webhook endpoint to set up at Stripe. */
  webhook_url: string;
}

/** Keys of your Stripe account. */
export interface StripeKeys {
  /** Whether our webhook endpoint is to be registered at Stripe, so that no secret need be copied by hand. */
  register_webhook?: boolean;
  /** A secret (`sk_…`) or restricted (`rk_…`) key. */
  secret_key: string;
  /** The signing secret (`whsec_…`) of the webhook endpoint. One that was entered before is believed for three days more. */
  webhook_secret?: string;
}

/** The registration of our webhook endpoint. */
export interface StripeWebhookEndpoint {
  /** `we_…` */
  id?: string;
  /** What to do. */
  reason?: string;
  status: Word<"registering" | "registered" | "failed">;
}

/** What is the matter with the webhooks, if anything. */
export interface StripeWebhookHealth {
  /** What it means, and what to do about it. */
  advice: string;
  /** When it was looked at. */
  at?: Time;
  /** Since when signatures have been wrong, if they are. */
  since?: Time;
  status: Word<"healthy" | "no_secret" | "never_received" | "wrong_secret" | "endpoint_missing" | "endpoint_disabled" | "modes_mixed" | "events_missing">;
}

/** A signing secret of a webhook endpoint. */
export interface StripeWebhookSecret {
  /** `whsec_…` */
  webhook_secret: string;
}

/** A signing secret, by its end. */
export interface StripeWebhookSecretView {
  last_four: string;
  /** From when on it is not believed any more, because another has taken its place. */
  until?: Time;
}

/** What a period came to. */
export interface Summary {
  /** A part for each currency in which something was asked. */
  currencies: CurrencySummary[];
  /** The first day, where you are. */
  from: string;
  set_up: SetUp;
  /** The last day. */
  to: string;
}

/** To whom a test text goes. */
export interface TestText {
  /** A mobile number, best with its country code. */
  to: string;
}

/** What is written to a buyer. */
export interface Text {
  /** The text. */
  body: string;
}

/** What it would take to send it. */
export interface TextCost {
  /** What there is to be spent. */
  available: number;
  credits: number;
  /** `GSM-7` or `UCS-2`. */
  encoding: string;
  segments: number;
  /** As it would be sent. */
  text: string;
}

/** What is being written to a buyer. */
export interface TextDraft {
  /** The text so far. */
  body: string;
}

/** Something that happened to a link. */
export interface TimelineEntry {
  /** Who did it: a key (`key_…`) or an operator, or `buyer`, `stripe`, `carrier` or `system`. */
  actor: string;
  at: Time;
  detail?: string;
  event: string;
}

/** What nobody has read. */
export interface Unread {
  /** In how many conversations the buyer has said something that was not read. */
  conversations: number;
}

/** A void. */
export interface Void {
  /** Why, for your own records. */
  reason?: string;
  /** Whether the buyer gets a text that it was withdrawn, by the template `voided`, which costs credits like any other. */
  tell_buyer?: boolean;
}

/** A webhook, on its way to an endpoint. */
export interface WebhookDelivery {
  /** How many milliseconds that took. */
  answered_in_ms?: number;
  /** What the endpoint answered last. */
  answered_status?: number;
  /** When it happened. */
  at: Time;
  attempted_at?: Time;
  attempts: number;
  /** When it is tried next, while it is pending. */
  due_at?: Time;
  /** Why it was not taken. */
  error?: string;
  /** What it carries as `webhook-id`, the same for each attempt. */
  id: string;
  /** The number of the change before it that this endpoint was to be told of. */
  previous_seq?: number;
  /** The number of the change; absent: it is a test. */
  seq?: number;
  state: Word<"pending" | "delivered" | "failed">;
  /** What has happened, such as `link.paid`. */
  type: string;
}

/** Somewhere that webhooks go to. */
export interface WebhookEndpoint {
  created_at: Time;
  description?: string;
  disabled_at?: Time;
  /** `by_hand`; `gone`: it answered 410; `failing`: it has not taken anything for 5 days. */
  disabled_because?: Word<"by_hand" | "gone" | "failing">;
  /** Whether anything is delivered to it. */
  enabled: boolean;
  /** What it is told of: names of changes such as `link.paid`, all of one resource such as `link.*`, or everything: `*`. */
  events: Word<"*" | "order.*" | "link.*" | "message.*" | "credits.*" | "attention.*" | "order.created" | "order.updated" | "link.created" | "link.unpaid" | "link.failed" | "link.viewed" | "link.processing" | "link.paid" | "link.refunded" | "link.disputed" | "link.voided" | "link.expired" | "link.review" | "link.updated" | "message.scheduled" | "message.sent" | "message.delivered" | "message.failed" | "message.received" | "message.updated" | "credits.low" | "credits.updated" | "attention.opened" | "attention.resolved">[];
  /** Since when it has taken nothing. */
  failing_since?: Time;
  id: string;
  /** The number of the last change that it was to be told of. */
  last_seq?: number;
  /** What to verify its webhooks with, the one time that it is shown: keep it. */
  secret?: string;
  url: string;
}

/** What is to change; what is absent stays. */
export interface WebhookEndpointChanges {
  /** `null` takes it away. */
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

/** An event that came in by webhook. */
export interface WebhookEvent {
  /** When its job was done with it. */
  applied_at?: Time;
  error?: string;
  /** The sender's id of it. */
  external_id: string;
  id: string;
  /** The payment link that it was about. */
  link_id?: string;
  received_at: Time;
  /** Whether it can be replayed: its content is kept until it is ignored, or for 90 days; once it is applied, not if it is longer than 64 KiB. */
  replayable: boolean;
  /** `stripe` or `sms`. */
  source: Word<"stripe" | "sms">;
  /** `received`: its job has yet to be done; `applied`; `ignored`: it means nothing to us; `failed`: `error` says why. */
  state: Word<"received" | "applied" | "ignored" | "failed">;
  /** The sender's word for what happened, such as `checkout.session.completed`. */
  type: string;
}

/** Where others tell us what happened. Known before anything is connected, so that it can be entered at the other side first. */
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
  /** Only of this kind. */
  kind?: "review" | "dispute" | "link_failed" | "text_not_delivered" | "unrecognised" | "unread_reply" | "stripe_connection" | "low_credit" | "link_wanted" | "evidence_expiring";
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `get_audit_log` is asked with. */
export interface GetAuditLogQuery {
  /** By whom: the id of an API key; `operator`, or `operator:` and a name. */
  actor?: string;
  /** To what: the id of a link, a message, a key, … */
  subject?: string;
  /** To an order, or to its links, that this means: part of a number, of the buyer's name or phone number, or the amount. */
  q?: string;
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
  /** Of a CSV, whether each link is sent to its buyer. */
  send?: boolean;
  /** Of a CSV, what each of its columns means, in their order, with commas, where they have other names. An empty name leaves a column out: `number,customer_name,customer_phone,,amount`. */
  columns?: string;
  /** What you call the batch, such as the name of its file. */
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
  /** The number of the last change that is known; absent: from the oldest that is kept. */
  after?: number;
  /** How many at most, up to 500. */
  limit?: number;
  /** How many seconds to wait, up to 8, if there is nothing yet. */
  wait?: number;
}

/** What `list_console_sessions` is asked with. */
export interface ListConsoleSessionsQuery {
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `list_conversations` is asked with. */
export interface ListConversationsQuery {
  /** Part of the buyer's name or number, or of what their orders are searched by. */
  q?: string;
  /** Only those that are open, or only those that are closed; absent: both. */
  status?: "open" | "closed";
  /** Only those of this key, or `nobody`'s. */
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
  /** Only what changes the credits available, in a page: a text is an entry when they are set aside for it, and none when it is sent. */
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
  /** Such as `pt-BR`. What was written for it counts, else for `pt`, else for no language in particular. */
  language?: string;
}

/** What `put_message_template_for` is asked with. */
export interface PutMessageTemplateForQuery {
  /** BCP 47, such as `en` or `de-AT`. */
  language?: string;
}

/** What `list_messages` is asked with. */
export interface ListMessagesQuery {
  status?: "received" | "scheduled" | "queued" | "sending" | "unknown" | "sent" | "delivered" | "undelivered" | "failed" | "cancelled" | ("received" | "scheduled" | "queued" | "sending" | "unknown" | "sent" | "delivered" | "undelivered" | "failed" | "cancelled")[];
  /** Part of the text. 10,000 texts are looked through at a time: a page may be short, or empty, and have a `next_cursor` all the same. */
  q?: string;
  link_id?: string;
  /** With a payment link of this order. */
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
  /** Part of the number, of a link's invoice number, of the buyer's name or phone number, or the amount; in any letter case. */
  q?: string;
  /** The order's tag. */
  tag?: "none" | "unpaid" | "paid";
  /** Orders with a payment link of one of these statuses. */
  status?: "creating" | "failed" | "unpaid" | "processing" | "paid" | "voiding" | "voided" | "expiring" | "expired" | "settling" | ("creating" | "failed" | "unpaid" | "processing" | "paid" | "voiding" | "voided" | "expiring" | "expired" | "settling")[];
  /** Orders with a payment link that is to be looked at for this. */
  review?: "paid_after_void" | "paid_after_expiry" | "amount_mismatch" | "currency_mismatch" | "livemode_mismatch" | "paid_twice";
  /** Created then or later: a day, as the merchant counts days, or a time. */
  created_from?: string;
  /** Created then or before: a day, which is included, or a time. */
  created_to?: string;
  /** Orders with a payment link that was paid then. */
  paid_from?: string;
  /** Paid then or before: a day, which is included, or a time. What was paid elsewhere counts by its day. */
  paid_to?: string;
  /** Those that are archived, instead of those that are not. */
  archived?: boolean;
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
  /** How many days after the last text about it; absent: as the merchant says. */
  reminder_after_days?: number;
  /** Whether its buyer is reminded; absent: as the merchant says. */
  reminders?: boolean;
  /** How often, at most; absent: as the merchant says. */
  reminders_at_most?: number;
}

/** What `list_payment_links` is asked with. */
export interface ListPaymentLinksQuery {
  /** One of these statuses. */
  status?: "creating" | "failed" | "unpaid" | "processing" | "paid" | "voiding" | "voided" | "expiring" | "expired" | "settling" | ("creating" | "failed" | "unpaid" | "processing" | "paid" | "voiding" | "voided" | "expiring" | "expired" | "settling")[];
  /** Part of the invoice number, of the order's number, of the buyer's name or phone number, or the amount; in any letter case. */
  q?: string;
  order_id?: string;
  /** The order's tag. */
  tag?: "none" | "unpaid" | "paid";
  /** To be looked at for this. */
  review?: "paid_after_void" | "paid_after_expiry" | "amount_mismatch" | "currency_mismatch" | "livemode_mismatch" | "paid_twice";
  /** With a dispute that stands in one of these ways. */
  disputed?: "open" | "won" | "lost" | "closed" | ("open" | "won" | "lost" | "closed")[];
  /** Created then or later: a day, as the merchant counts days, or a time. */
  created_from?: string;
  /** Created then or before: a day, which is included, or a time. */
  created_to?: string;
  /** Paid then or later: a day, as the merchant counts days, or a time. What was paid elsewhere counts by its day. */
  paid_from?: string;
  /** Paid then or before: a day, which is included, or a time. What was paid elsewhere counts by its day. */
  paid_to?: string;
  /** Only those of orders that are archived, or only those of orders that are not; absent: both. */
  archived?: boolean;
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
  /** The first day, such as `2026-11-01`; absent: the first of this month, where you are. */
  from?: string;
  /** The last day; absent: today. */
  to?: string;
}

/** What `list_webhook_endpoint_deliveries` is asked with. */
export interface ListWebhookEndpointDeliveriesQuery {
  /** Only those that stand so. */
  state?: "pending" | "delivered" | "failed";
  /** How many at most; a page may be shorter. */
  limit?: number;
}

/** What `list_webhook_events` is asked with. */
export interface ListWebhookEventsQuery {
  /** The sender's word for what happened. */
  type?: string;
  /** `stripe` or `sms`. */
  source?: "stripe" | "sms";
  /** `received`, `applied`, `ignored` or `failed`. */
  state?: "received" | "applied" | "ignored" | "failed";
  /** How many at most; a page may be shorter. */
  limit?: number;
}
