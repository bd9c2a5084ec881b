// One order: its link now, its links of the past, and what was ordered.

import { get } from "../lib/api.js";
import { isUnderWay } from "../lib/card.js";
import { byKey, h, swap } from "../lib/dom.js";
import { money, phone, tag } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { say } from "../lib/notify.js";
import { openPdf, whileBusy } from "../lib/pdf.js";
import { backTo, title } from "../lib/router.js";
import { may } from "../lib/scope.js";
import { strings } from "../strings.js";
import { createLink } from "./link-create.js";
import { linkCard, notice, pastLink } from "./link-card.js";
import { markOrderPaid } from "./link-paid.js";
import { isLandline, orderData } from "./order-data.js";
import { editOrder } from "./order-edit.js";
import { noticeTags } from "./order-notices.js";
import { failure, pageHead, region } from "./page.js";

/** How many of the latest texts are looked through for those with a link of the order. */
const TEXTS = 100;

/** Draws the order and follows it. */
export function showOrder({ root, params: [id] }) {
  const page = region("div.order-page");
  swap(root, page);
  title(strings.order.one);
  let before = null;
  let isMade = false;
  let conversation = null;
  const following = live({
    name: () => `order ${id}`,
    load: (signal) => load(id, signal),
    hears: (event) => event.id === id || event.order_id === id
      || (event.kind === "message.updated" && (conversation === null || event.conversation_id === conversation)),
    show: (data) => {
      title(strings.order.title(data.order.number));
      tellChanges(before, data.order.links);
      before = data.order.links;
      conversation = data.order.conversation_id ?? null;
      const changed = (link) => following.put(withLink(data, link));
      const made = (link) => {
        isMade = true;
        changed(link);
      };
      draw(page, data, { changed, made, refresh: () => following.refresh() });
      if (isMade) isMade = !leadOn(page);
    },
    fail: (problem) => failure(page, problem, () => following.refresh(), strings.order.one),
    pace: ({ order, messages }) => paceOf(order, messages),
  });
  return following.stop;
}

/** The order, and what was texted to its buyer. Without that the page is still worth showing. */
async function load(id, signal) {
  const order = await get(`/orders/${encodeURIComponent(id)}`, { signal });
  try {
    const messages = await saidTo(order.conversation_id, signal);
    return { order, messages, elsewhere: await saidElsewhere(order.links, messages, signal) };
  } catch (problem) {
    if (signal.aborted) throw problem;
    return { order, messages: [] };
  }
}

async function saidTo(conversation, signal) {
  if (!conversation) return [];
  const { items } = await get(`/conversations/${encodeURIComponent(conversation)}/messages`, { query: { limit: TEXTS }, signal });
  return items;
}

/** Texts with these links to a number that the order had before it was corrected: they are in another conversation. */
async function saidElsewhere(links, messages, signal) {
  const known = new Set(messages.map((message) => message.id));
  const times = (link) => link.timeline.filter(({ event }) => event === "sent").length;
  const here = (link) => messages.filter((message) => message.link_id === link.id).length;
  const some = links.filter((link) => times(link) > here(link));
  const found = await Promise.all(some.map((link) => get("/messages", { query: { link_id: link.id, limit: TEXTS }, signal })));
  return found.flatMap(({ items }) => items).filter((message) => !known.has(message.id));
}

function paceOf(order, messages) {
  const leaving = messages.some((message) => ["queued", "sending"].includes(message.status) && !message.waits_until);
  if (leaving || order.links.some(isUnderWay)) return PACE.busy;
  return order.links.some((link) => link.status === "unpaid") ? PACE.watched : PACE.calm;
}

/** The data with this link in it, new or changed. */
function withLink(data, link) {
  const at = data.order.links.findIndex((other) => other.id === link.id);
  const links = at < 0 ? [link, ...data.order.links] : data.order.links.map((other) => (other.id === link.id ? link : other));
  return { ...data, order: { ...data.order, links } };
}

/** Says what became of a link while somebody looks at it. */
function tellChanges(before, links) {
  if (!before) return;
  const states = new Map(before.map((link) => [link.id, link.status]));
  for (const link of links) {
    const became = strings.link.became[link.status];
    const was = states.get(link.id);
    if (became && was && was !== link.status) {
      say(became(link.invoice_number ?? strings.link.erasedNumber), link.status === "failed" ? "bad" : "good");
    }
  }
}

function draw(page, data, { changed, made, refresh }) {
  const t = strings.order;
  const { order } = data;
  const [latest] = order.links;
  const shown = latest && !["voided", "expired"].includes(latest.status) ? latest : null;
  const past = order.links.filter((link) => link !== shown);
  const act = { changed, refresh, messages: data.messages, elsewhere: data.elsewhere, order };
  const create = () => createLink(order, made);
  const details = h("button", {
    type: "button", key: "details",
    onclick: (event) => whileBusy(event.currentTarget, () => openPdf(`/orders/${order.id}/details.pdf`, `order-${order.number}`)),
  }, icon("document"), t.details);
  const paid = (link) => {
    changed(link);
    refresh();
  };
  // What is paid is not asked for again by the first button that one sees.
  const isPaid = order.tag === "paid";
  const another = isPaid && mayHaveLink(order, shown)
    && h("p.another", h("button.as-link", { type: "button", key: "create-link", onclick: create }, t.another));
  const edit = may("write") && order.customer.phone && (() => editOrder(order, refresh));
  swap(page,
    pageHead(t.title(order.number), {
      back: h("a.back", { href: backTo("/orders") }, icon("back"), t.back),
      more: [tag(`order-${order.tag}`, strings.tags[order.tag]), noticeTags(order), order.opted_out && tag("opted-out", strings.conversations.optedOut),
        isLandline(order) && tag("landline", t.landline)],
      // A phone shows the rest of the buyer's data far below.
      lead: h("span.only-narrow.order-lead", h("strong", order.customer.name || strings.erased), phone(order.customer.phone),
        h("span", money(order.amount, order.currency))),
      buttons: [details, mayBePaid(order, shown) && paidButton(order, paid), mayHaveLink(order, shown) && !isPaid && createButton(order, create)],
    }),
    h("div.order-columns",
      h("div.order-main",
        shown ? linkCard(shown, act) : noLink(order, latest),
        past.length > 0 && h("section.past", h("h2", t.pastLinks), past.map((link) => pastLink(link, act))), another),
      orderData(order, edit)));
}

/** Whoever has just made a link goes on with sending it, once it can be sent; answers whether it can. */
function leadOn(page) {
  const send = byKey("send-link", page);
  // Who has gone elsewhere meanwhile stays there.
  if (send && document.activeElement === document.body) send.focus();
  return Boolean(send);
}

/** An order has one open link at a time, and none once its buyer was erased. */
function mayHaveLink(order, shown) {
  return may("write") && Boolean(order.customer.name) && (!shown || ["paid", "failed"].includes(shown.status));
}

/** What came without Stripe, where no open link asks for it: of such a one its card says so. */
function mayBePaid(order, shown) {
  return may("write") && order.tag !== "paid" && (!shown || shown.status === "failed");
}

function paidButton(order, paid) {
  return h("button", { type: "button", key: "mark-order-paid", onclick: () => markOrderPaid(order, paid) },
    icon("check"), strings.link.markPaid);
}

function createButton(order, create) {
  const t = strings.order;
  const again = order.links.length > 0;
  return h("button.primary", { type: "button", key: "create-link", onclick: create },
    icon("link"), again ? t.newLink : t.createLink);
}

function noLink(order, latest) {
  const t = strings.order;
  const had = Boolean(latest);
  return h("section.card.no-link",
    latest?.new_link_wanted_at && order.tag !== "paid" && notice("warn", strings.link.events.new_link_wanted, strings.link.newLinkWanted),
    h("div.no-link-mark", icon("link")),
    h("h2", had ? t.noOpenLinkTitle : t.noLinkTitle), h("p", !order.customer.name ? t.erasedOrder : had ? t.noOpenLink : t.noLink));
}
