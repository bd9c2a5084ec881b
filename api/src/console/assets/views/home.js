// A merchant's morning: what needs a person, what is owed and what came. Whoever is new sees what is left to set up.

import { addressOf, command, get } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { actions, field, form, input } from "../lib/form.js";
import { ago, dateText, dayText, humanised, money, number } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { hashOf, title } from "../lib/router.js";
import { may } from "../lib/scope.js";
import { saidByBuyer } from "../lib/server-words.js";
import { strings } from "../strings.js";
import { newOrder } from "./order-new.js";
import { failure, pageHead, region } from "./page.js";
import { isSetUp, setUp } from "./set-up.js";

const SHOWN = 20;
const LONGEST_NOTE = 500;
/** What is erased soon, and can still be downloaded. */
const EVIDENCE = "evidence_expiring";
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Draws it. */
export function showHome({ root }) {
  const t = strings.home;
  title(t.title);
  const page = region("div.home");
  const following = live({
    name: () => "home",
    load: (signal) => read(signal),
    hears: () => true,
    show: (data) => draw(page, data, () => following.refresh()),
    fail: (problem) => failure(page, problem, () => following.refresh()),
    pace: () => PACE.calm,
  });
  const add = may("write") && h("button.primary", { type: "button", key: "new-order", onclick: () => newOrder() }, icon("plus"), strings.orders.add);
  swap(root, pageHead(t.title, { buttons: [add] }), page);
  return following.stop;
}

async function read(signal) {
  const [attention, summary] = await Promise.all([
    get("/attention", { query: { limit: String(SHOWN) }, signal }),
    get("/summary", { signal }),
  ]);
  const done = { ...summary.set_up, link: summary.currencies.length > 0 };
  if (!isSetUp(done)) done.credits = (await get("/credits", { signal })).available > 0;
  return { attention, summary, done };
}

function draw(page, { attention, summary, done }, refresh) {
  swap(page, setUp(done), matters(attention, refresh), figures(summary));
}

function matters({ items, next_cursor: more }, refresh) {
  const t = strings.home;
  return h("section.card.matters", { "aria-labelledby": "matters-title" },
    h("h2", { id: "matters-title" }, t.matters),
    items.length === 0
      ? h("p.quiet", t.nothing)
      : h("ul", items.map((matter) => entry(matter, refresh))),
    more && h("p.quiet", may("write") ? t.more(SHOWN) : t.newest(SHOWN)));
}

function entry(matter, refresh) {
  const t = strings.home;
  const [path, query] = placeOf(matter);
  const asked = matter.amount && money(matter.amount, matter.currency);
  const order = matter.order_number && strings.order.title(matter.order_number);
  const invoice = matter.invoice_number !== matter.order_number && matter.invoice_number;
  // Each is isolated: Latin names beside each other would change places where the page runs from right to left.
  const who = [matter.customer_name, order, invoice, asked].filter(Boolean).map((part, at) => [at > 0 && strings.comma, h("bdi", part)]);
  const why = reasonOf(matter);
  return h("li.matter", { key: matter.id },
    h("div.matter-what",
      h("a", { href: hashOf(path, query) }, nameOf(matter)),
      matter.text && h("p", h("bdi", saidByBuyer(matter.text))),
      h("p.quiet", why && [h("bdi", why), " · "], who.length > 0 && [who, " · "], ago(matter.opened_at))),
    matter.kind === EVIDENCE && h("a.button", { href: addressOf(`/payment-links/${matter.link_id}/evidence.pdf`), target: "_blank", rel: "noopener", key: `evidence ${matter.id}` },
      icon("download"), strings.link.evidence),
    may("write") && h("button", { type: "button", key: `resolve ${matter.id}`, onclick: () => resolve(matter, refresh) },
      icon("check"), t.resolve));
}

/** A dispute that was lost is none that can be answered. */
function nameOf({ kind, reason }) {
  const t = strings.home.kinds;
  return t[`${kind}_${reason}`] ?? t[kind] ?? humanised(kind);
}

function reasonOf({ kind, reason, respond_by: due }) {
  if (due) return strings.link.respondBy(dayText(new Date(due)));
  if (kind === "link_failed" && !reason) return strings.link.sentences.failed;
  if (!reason || kind === "dispute") return null;
  if (kind === "review") return strings.home.reviews[reason] ?? strings.link.reviews[reason] ?? humanised(reason);
  if (kind === EVIDENCE) return strings.home.evidenceUntil(dateText(reason));
  if (kind === "text_not_delivered") return strings.message.states[reason] ?? humanised(reason);
  return strings.home.reasons[reason] ?? humanised(reason);
}

/** Where the one thing is that can be done about it. */
function placeOf(matter) {
  if (matter.kind === "stripe_connection") return ["/settings/stripe"];
  if (matter.kind === "low_credit") return ["/credits"];
  if (matter.order_id) return [`/orders/${matter.order_id}`];
  return [`/conversations/${matter.conversation_id}`];
}

function resolve(matter, refresh) {
  const t = strings.home;
  const note = input("note", { maxlength: String(LONGEST_NOTE) });
  const body = () => ({ note: note.value.trim() || undefined });
  openDialog({
    title: t.resolveTitle(nameOf(matter)),
    content: (close) => form({
      fields: [field({ label: t.note, control: note, hint: t.noteHint }), actions(t.resolve, { cancel: close })],
      payload: () => JSON.stringify(body()),
      send: () => command("POST", `/attention/${matter.id}/resolve`, body()),
      done() {
        close();
        refresh();
      },
    }),
  });
}

/** What was asked and paid, of the currency with the most links first. */
function figures({ currencies, from, to }) {
  const t = strings.home;
  if (currencies.length === 0) return null;
  const size = (part) => part.outstanding_links + part.paid_links;
  return [...currencies].sort((one, other) => size(other) - size(one)).map((part) => h("section.card.figures-card", { "aria-label": t.month(part.currency.toUpperCase()) },
    h("h2", t.month(part.currency.toUpperCase())),
    h("dl.home-figures",
      figure(t.outstanding, money(part.outstanding, part.currency), t.links(part.outstanding_links), hashOf("/links", { status: "unpaid,processing", currency: part.currency })),
      part.overdue_orders > 0 && overdue(part),
      figure(t.paid, money(part.paid, part.currency), t.payments(part.paid_links), hashOf("/links", { status: "paid", currency: part.currency, paid_from: from, paid_to: to })),
      figure(t.refunded, money(part.refunded, part.currency)),
      part.disputed_links > 0 && figure(t.disputed, money(part.disputed, part.currency), t.links(part.disputed_links), hashOf("/links", { disputed: "open", currency: part.currency, paid_from: from, paid_to: to })),
      part.lost_links > 0 && figure(t.lost, t.links(part.lost_links), null, hashOf("/links", { disputed: "lost", currency: part.currency, paid_from: from, paid_to: to })),
      figure(t.asked, number(part.asked), t.seenAndPaid(part.viewed, part.asked_and_paid)),
      part.median_seconds_to_pay !== undefined && figure(t.fast, lasting(part.median_seconds_to_pay), t.fastHint)),
    chart(part)));
}

/** Of very many, those that were due first are added up. */
function overdue({ overdue: sum, overdue_orders: count, overdue_more: more, currency }) {
  const t = strings.orders;
  const [value, orders] = [money(sum, currency), t.count(count)].map((text) => (more ? t.moreThan(text) : text));
  return figure(strings.home.overdue, value, orders, hashOf("/orders", { overdue: "true" }));
}

function figure(name, value, more, href) {
  return h("div", h("dt", name), h("dd", href ? h("a", { href }, value) : value, more && h("span.quiet", more)));
}

function lasting(seconds) {
  const t = strings.home.lasting;
  if (seconds < MINUTE) return t.underMinute;
  if (seconds < 2 * HOUR) return t.minutes(Math.round(seconds / MINUTE));
  if (seconds < 2 * DAY) return t.hours(Math.round(seconds / HOUR));
  return t.days(Math.round(seconds / DAY));
}

/** What was paid day by day, as bars; the same in words for whoever does not see them. */
function chart({ days, currency }) {
  if (days.length < 2) return null;
  const most = Math.max(...days.map(({ paid }) => Number(paid)));
  const described = ({ day, paid }) => `${dateText(day)}: ${money(paid, currency)}`;
  return h("ol.bars", { "aria-label": strings.home.byDay },
    days.map((one) => {
      const share = most > 0 ? Math.max(1, Math.round((Number(one.paid) / most) * 20)) : 1;
      return h("li", { title: described(one) }, h(`span.bar-of.bar-${share}`, { "aria-hidden": "true" }),
        h("span.visually-hidden", described(one)));
    }));
}
