// One conversation: what was said, both ways, and a box to answer.

import { command, get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { tell } from "../lib/events.js";
import { humanised, money, phone, time } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { complain } from "../lib/notify.js";
import { people, person } from "../lib/people.js";
import { may } from "../lib/scope.js";
import { saidByBuyer } from "../lib/server-words.js";
import { strings } from "../strings.js";
import { sums } from "./links-many.js";
import { messageState } from "./message-state.js";
import { disputeName } from "./money-back.js";
import { failure, region } from "./page.js";
import { replyBox } from "./thread-reply.js";

const LIMIT = 50;
const SHOWN_ORDERS = 2;
/** What is told with an amount. */
const WITH_AMOUNT = ["unpaid", "paid", "refunded", "refund_pending", "refund_failed"];

/** Draws the conversation; `changed` is called when something was said or read. `told(conversation)` is given what the list knows of it. */
export function showThread({ root, id, changed }) {
  const place = `/conversations/${encodeURIComponent(id)}`;
  const path = `${place}/messages`;
  const head = h("header.thread-head", backLink());
  // It scrolls, so it has to be reached with the keyboard.
  const bubbles = region("div.bubbles", { tabindex: "0", role: "region", "aria-label": strings.conversations.messages });
  const reply = replyBox(place, () => {
    following.refresh();
    changed();
  });
  const earlier = { messages: [], cursor: null };
  const orders = h("div.thread-orders");
  const handling = h("div.thread-orders");
  let drawn = "";
  const draw = (conversation) => {
    if (conversation) {
      reply.allow(conversation);
      mayBeTexted(!conversation.opted_out_at);
    }
    const { customer_name: name, phone: number, status, assigned_to: whose } = conversation ?? {};
    const said = JSON.stringify([Boolean(conversation), name, number, status, whose]);
    // A list that somebody has just opened stays open.
    if (said === drawn) return;
    drawn = said;
    drawHead(head, conversation, orders, handling);
    if (!conversation) return;
    drawHandling(handling, { place, conversation, changed: (now) => {
      draw(now);
      changed();
    } });
  };
  let known = null;
  // One that the list does not show, because it is old or the list is narrowed.
  const look = async () => {
    try {
      known = await get(place);
      draw(known);
    } catch (problem) {
      complain(problem);
    }
  };
  let isTexted = true;
  let shown = [];
  const mayBeTexted = (may) => {
    if (isTexted === may) return;
    isTexted = may;
    drawOrders(orders, shown, isTexted);
  };
  const show = (page) => {
    shown = page.happened.orders;
    drawOrders(orders, shown, isTexted);
    drawBubbles(bubbles, page, earlier);
  };
  const following = live({
    name: () => path,
    load: async (signal) => {
      const [page, happened] = await Promise.all([get(path, { query: { limit: LIMIT }, signal }), get(`${place}/timeline`, { signal })]);
      return { ...page, happened };
    },
    hears: (event) => event.conversation_id === id || event.kind === "link.updated",
    show,
    fail: (problem) => failure(bubbles, problem, () => following.refresh()),
    pace: paceOf,
  });
  async function loadEarlier(cursor, latest) {
    try {
      const page = await get(path, { query: { limit: LIMIT, cursor } });
      earlier.messages.push(...page.items);
      earlier.cursor = page.next_cursor ?? "";
      show(latest);
    } catch (problem) {
      complain(problem);
    }
  }
  earlier.load = loadEarlier;
  let latest;
  // What comes while nobody looks here is read once somebody does.
  const seen = () => {
    if (latest?.unread > 0 && !document.hidden && document.hasFocus()) markRead(place, changed);
  };
  document.addEventListener("visibilitychange", seen);
  addEventListener("focus", seen);
  swap(root, h("section.card.thread", head, bubbles, reply.node));
  return {
    stop() {
      following.stop();
      document.removeEventListener("visibilitychange", seen);
      removeEventListener("focus", seen);
    },
    told: (conversation) => {
      if (conversation) draw(conversation);
      else if (known) look();
      else {
        draw(undefined);
        look();
      }
      latest = conversation;
      seen();
    },
  };
}

/** What is open and looked at is read. A key that may not write leaves it unread. */
async function markRead(place, changed) {
  if (!may("write")) return;
  try {
    await command("POST", `${place}/read`);
    tell({ kind: "conversation.read" });
    changed();
  } catch (problem) {
    // It stays unread, and is tried again with the next that is heard of it.
    if (!problem.passes) complain(problem);
  }
}

function paceOf(page) {
  const states = page.items.filter((message) => !message.waits_until).map((message) => message.status);
  if (states.some((state) => state === "queued" || state === "sending")) return PACE.busy;
  return PACE.watched;
}

function backLink() {
  return h("a.back.only-narrow", { href: "#/conversations" }, icon("back"), strings.conversations.back);
}

/** The buyer, as far as the list knows of them: a conversation of long ago is not in it. */
function drawHead(head, conversation, orders, handling) {
  const t = strings.conversations;
  const { customer_name: name, phone: number } = conversation ?? {};
  swap(head, backLink(), h("div", h("h2", name ?? phone(number) ?? (conversation ? t.erased : t.one)), name && number && h("p.quiet", phone(number))), h("div.thread-tools", orders, handling));
}

/** Whose it is, and whether it still waits for something. */
function drawHandling(node, { place, conversation, changed }) {
  const t = strings.conversations;
  if (!may("write")) return swap(node, person(conversation.assigned_to));
  const act = async (what, body) => {
    try {
      changed(await command("POST", `${place}/${what}`, body));
    } catch (problem) {
      complain(problem);
      drawHandling(node, { place, conversation, changed });
    }
  };
  const whose = h("select", { key: "whose", "aria-label": t.assignedTo, onchange: () => act("assign", whose.value ? { to: whose.value } : {}) },
    h("option", { value: "" }, t.nobody));
  const isClosed = conversation.status === "closed";
  swap(node, h("label.whose-is-it", h("span", { "aria-hidden": "true" }, t.assigned), whose), h("button", { type: "button", key: "handled", onclick: () => act(isClosed ? "reopen" : "close", {}) }, isClosed ? t.reopen : t.close));
  people().then((all) => {
    const chosen = conversation.assigned_to ?? "";
    const offered = all.filter(({ id, last_four: known }) => known || id === chosen);
    whose.append(...offered.map(({ id, name }) => h("option", { value: id, selected: id === chosen }, name)));
  }, complain);
}

/** The buyer's orders: where a link is made, and sent to whoever wants texts, by those who may. */
function drawOrders(place, orders, isTexted) {
  const t = strings.conversations;
  const look = (order) => {
    if (order.has_open_link) return isTexted && may("send") ? ["send", t.sendFor] : ["link", t.openFor];
    // Who has paid is not asked again.
    if (order.tag === "paid") return ["check", t.paidFor];
    return may("write") ? ["link", t.createFor] : ["orders", strings.order.title];
  };
  const open = orders.filter((order) => order.open_amount).map(({ open_amount: amount, currency }) => ({ amount, currency }));
  swap(place, open.length > 0 && h("p.open-sum", t.open(open.length), " ", h("strong", sums(open))), orders.slice(0, SHOWN_ORDERS).map((order) => {
    const [picture, text] = look(order);
    return h("a.button", { href: `#/orders/${order.id}`, key: `order ${order.id}` }, icon(picture), text(order.number));
  }));
}

function drawBubbles(bubbles, page, earlier) {
  const t = strings.conversations;
  const atEnd = bubbles.scrollHeight - bubbles.scrollTop - bubbles.clientHeight < 60;
  const known = new Set(page.items.map((message) => message.id));
  const messages = [...page.items, ...earlier.messages.filter((message) => !known.has(message.id))];
  const cursor = earlier.cursor ?? page.next_cursor;
  const fromEnd = bubbles.scrollHeight - bubbles.scrollTop;
  swap(bubbles,
    cursor && h("button.earlier", { type: "button", key: "earlier", onclick: () => earlier.load(cursor, page) }, t.earlier),
    messages.length === 0 && h("p.quiet", t.none),
    h("ol", { "aria-live": "polite", "aria-relevant": "additions" }, between(messages, page.happened.items, Boolean(cursor)).map((one) => (one.event ? line(one) : bubble(one)))));
  bubbles.scrollTop = atEnd ? bubbles.scrollHeight : bubbles.scrollHeight - fromEnd;
}

/** What was said and what happened, oldest first. Of before the earliest text that is shown nothing is told, while there are earlier ones. */
function between(messages, happened, isCut) {
  const earliest = messages.at(-1)?.created_at ?? "";
  const failed = new Set(happened.filter(({ event }) => event === "payment_failed").map(momentOf));
  // After a payment that failed the link is not ready again at once.
  const lines = happened.filter((one) => (!isCut || one.at >= earliest) && !(one.event === "unpaid" && failed.has(momentOf(one))));
  const timeOf = (one) => Date.parse(one.at ?? one.created_at);
  return [...messages, ...lines].sort((one, other) => timeOf(one) - timeOf(other));
}

/** What happened to an order at one time is one happening. */
function momentOf({ order_id: order, at }) {
  return `${order} ${at}`;
}

/** Something that happened: no text, and free. */
function line(entry) {
  const { at, event, order_id: order, order_number: number, invoice_number: invoice, amount, currency, actor } = entry;
  const t = strings.conversations;
  const what = disputeName(entry) ?? t.happened[event] ?? strings.link.events[event] ?? humanised(event);
  return h("li.happened", h("span", what, amount && WITH_AMOUNT.includes(event) && [" ", money(amount, currency)]),
    order && h("a", { href: `#/orders/${order}` }, invoice ?? strings.order.title(number)), person(actor), time(at, { short: true }));
}

function bubble(message) {
  const t = strings.conversations;
  const incoming = message.direction === "incoming";
  return h(`li.${message.direction}`,
    h("span.visually-hidden", incoming ? t.buyer : t.you),
    h(`div.bubble.${message.direction}`, said(message)),
    incoming ? h("span.message-state", time(message.created_at, { short: true })) : messageState(message));
}

/** What a message says and shows: never nothing at all. */
function said(message) {
  const t = strings.conversations;
  const pictures = (message.pictures ?? []).map(picture);
  if (message.body === undefined) return h("em", t.textErased);
  const text = message.direction === "incoming" ? saidByBuyer(message.body) : message.body;
  if (pictures.length === 0) return text || h("em", t.textEmpty);
  return [...pictures, text && h("p.bubble-text", { dir: "auto" }, text)];
}

function picture({ status, path, error }) {
  const t = strings.conversations;
  if (status === "waiting") return h("p.bubble-picture", h("em", t.pictureWaits));
  if (!path) return h("p.bubble-picture", h("em", error ?? t.pictureFailed));
  return h("a.bubble-picture", { href: path, target: "_blank", rel: "noopener" }, h("img", { src: path, alt: t.picture, loading: "lazy" }));
}
