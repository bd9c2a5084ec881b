// All payment links: found, narrowed as the address says, and chosen many at a time.

import { getPage } from "../lib/api.js";
import { paymentState } from "../lib/card.js";
import { h, swap } from "../lib/dom.js";
import { dateText, dayText, humanised, money, tag, time } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { pager } from "../lib/pager.js";
import { hashOf, narrow, title } from "../lib/router.js";
import { may } from "../lib/scope.js";
import { strings } from "../strings.js";
import { chosenOf } from "./links-chosen.js";
import { exportLinks, isTold, remindMany, sendMany, voidMany } from "./links-many.js";
import { moneyTag } from "./money-back.js";
import { empty, failure, pageHead, region } from "./page.js";
import { totalOf } from "./totals.js";

const COLUMNS = ["invoice", "buyer", "amount", "state", "text", "when"];

const PATH = "/links";
const LIMIT = 50;
const TYPING = 250;
const STATES = ["", "unpaid", "processing", "paid", "expired", "voided", "failed"];
const NAMES = ["q", "status", "review", "disputed", "currency", "created_from", "created_to", "paid_from", "paid_to", "sort"];
const DAYS = ["created_from", "created_to", "paid_from", "paid_to"];
const DISPUTES = ["open", "lost", "won", "closed"];
const UNDER_WAY = ["creating", "voiding", "expiring", "settling"];
const TROUBLE = ["link_failed", "unrecognised", "payment_failed"];

/** Draws the list, narrowed as the address says. */
export function showLinks({ root, query }) {
  const t = strings.links;
  title(t.title);
  const list = region("div.card.list-card");
  const bar = h("div.chosen", { role: "region", "aria-label": t.chosenLabel, hidden: true });
  const narrowed = Object.fromEntries([...NAMES, "cursor"].map((name) => [name, query[name]]));
  const by = h("div");
  const total = totalOf("/payment-links", strings.home.links);
  const state = { items: [], chosen: chosenOf(narrowed), narrowed };
  const following = live({
    name: () => `links ${JSON.stringify(narrowed)}`,
    load: (signal) => getPage("/payment-links", { query: { ...narrowed, limit: LIMIT }, signal }),
    hears: ({ kind }) => ["link.updated", "message.updated"].includes(kind),
    show: (page) => {
      Object.assign(state, { items: page.items, hasPages: Boolean(page.next_cursor || narrowed.cursor) });
      for (const link of page.items) if (state.chosen.has(link.id)) state.chosen.set(link.id, link);
      drawList(list, page, state, redrawBar);
      redrawBar();
      total.follow(narrowed, page);
    },
    fail: (problem) => failure(list, problem, () => following.refresh()),
    pace: (page) => (page.items.some((link) => UNDER_WAY.includes(link.status)) ? PACE.busy : PACE.calm),
  });
  const redrawBar = () => drawBar(bar, list, state, () => following.refresh());
  const change = (changes) => {
    Object.assign(narrowed, { cursor: undefined }, changes);
    state.chosen = chosenOf(narrowed);
    narrow(PATH, narrowed);
    drawNarrowed(by, narrowed);
    following.refresh();
  };
  drawNarrowed(by, narrowed);
  const all = h("button", { type: "button", key: "export", onclick: () => exportLinks(narrowed, null) }, icon("download"), t.exportAll);
  swap(root, pageHead(t.title, { buttons: [all] }), filters(narrowed, change), by, bar, list, total.node);
  return following.stop;
}

function filters(narrowed, change) {
  const t = strings.links;
  let typing;
  const search = h("input", {
    type: "search", placeholder: t.searchHint, "aria-label": t.search, value: narrowed.q ?? "", autocomplete: "off",
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => change({ q: search.value.trim() || undefined }), TYPING);
    },
  });
  const choices = STATES.map((value) => h("label.choice",
    h("input", { type: "radio", name: "status", value, checked: value === (narrowed.status ?? ""), onchange: () => change({ status: value || undefined }) }),
    h("span", value === "" ? strings.orders.all : strings.link.states[value])));
  const day = (name, label) => {
    const control = h("input", { type: "date", value: narrowed[name] ?? "", onchange: () => change({ [name]: control.value || undefined }) });
    return h("label.day-filter", h("span", label), control);
  };
  const sort = h("select", { "aria-label": t.sort, onchange: () => change({ sort: sort.value || undefined }) },
    h("option", { value: "" }, t.newest), h("option", { value: "created_at", selected: narrowed.sort === "created_at" }, t.oldest));
  const disputed = h("select", { "aria-label": t.dispute, onchange: () => change({ disputed: disputed.value || undefined }) },
    h("option", { value: "" }, t.anyDispute),
    DISPUTES.map((value) => h("option", { value, selected: narrowed.disputed === value }, strings.link.disputeTags[value])));
  return h("div.filters",
    h("div.search", icon("search"), search),
    h("fieldset.choices", h("legend.visually-hidden", t.filter), choices),
    h("details.more-filters", { key: "more-filters", open: Boolean(narrowed.created_from || narrowed.created_to || narrowed.paid_from || narrowed.paid_to || narrowed.disputed || narrowed.sort) },
      h("summary", t.more),
      h("div.day-filters", day("created_from", t.createdFrom), day("created_to", t.createdTo), day("paid_from", t.paidFrom), day("paid_to", t.paidTo), disputed, sort)));
}

/** By what the list is narrowed that no tab above it says, and what shows all of it again. */
function drawNarrowed(place, narrowed) {
  const t = strings.links;
  const { status, review, disputed, currency } = narrowed;
  const labels = { created_from: t.createdFrom, created_to: t.createdTo, paid_from: t.paidFrom, paid_to: t.paidTo };
  const said = [
    status?.includes(",") && status.split(",").map((one) => strings.link.states[one] ?? humanised(one)).join(strings.comma),
    review && strings.link.events.review,
    disputed && disputed.split(",").map((one) => strings.link.disputeTags[one] ?? humanised(one)).join(strings.comma),
    currency?.toUpperCase(),
    ...DAYS.map((name) => narrowed[name] && `${labels[name]} ${dayOf(narrowed[name])}`),
  ].filter(Boolean);
  swap(place, said.length > 0 && h("p.narrowed-by", { role: "status" }, t.narrowed, " ", h("strong", said.join(" · ")), " ",
    h("a", { href: `#${PATH}`, key: "show-all", onclick: showAll }, t.clear)));
}

function dayOf(text) {
  const day = new Date(text);
  if (Number.isNaN(day.getTime())) return text;
  return text.includes("T") ? dayText(day) : dateText(text);
}

function drawList(list, page, state, redrawBar) {
  const t = strings.links;
  if (page.items.length === 0) {
    const isNarrowed = Object.values(state.narrowed).some(Boolean);
    swap(list, isNarrowed ? empty(t.nothingFound, null, h("a.button", { href: `#${PATH}`, onclick: showAll }, t.clear)) : empty(t.emptyTitle, t.empty, h("a.button", { href: hashOf("/orders") }, strings.advice.not_found.link)));
    return;
  }
  const chooseAll = h("input", {
    type: "checkbox", "aria-label": t.chooseAll, key: "choose-all", checked: page.items.every((link) => state.chosen.has(link.id)),
    onchange: () => {
      for (const link of page.items) chooseAll.checked ? state.chosen.set(link.id, link) : state.chosen.delete(link.id);
      for (const box of list.querySelectorAll("[data-link]")) box.checked = chooseAll.checked;
      redrawBar();
    },
  });
  const head = h("div.link-row.row-head", chooseAll, h("span.only-small", { "aria-hidden": "true" }, t.chooseAll),
    h("div.link-cells", { "aria-hidden": "true" }, COLUMNS.map((name) => h(name === "amount" ? "span.amount" : "span", t.columns[name]))));
  swap(list, head, h("ul.rows", { "aria-label": t.title }, page.items.map((link) => row(link, state, redrawBar))),
    pager(PATH, state.narrowed, page.next_cursor));
}

function row(link, state, redrawBar) {
  const t = strings.links;
  const name = link.invoice_number ?? strings.erased;
  const choose = h("input", {
    type: "checkbox", "aria-label": t.choose(name), "data-link": link.id, key: `choose ${link.id}`, checked: state.chosen.has(link.id),
    onchange: () => {
      choose.checked ? state.chosen.set(link.id, link) : state.chosen.delete(link.id);
      redrawBar();
    },
  });
  return h("li.link-row", choose,
    h("a.link-cells", { href: `#/orders/${link.order_id}`, key: link.id },
      h("span.cell-name", h("strong", name), link.order_number && link.order_number !== link.invoice_number && h("span.quiet", ` ${strings.order.title(link.order_number)}`)),
      h("span.cell-buyer", link.customer_name ?? strings.erased),
      h("span.amount", money(link.amount, link.currency)),
      h("span.cell-state", tag(`link-${link.status}`, strings.link.states[link.status] ?? humanised(link.status), { busy: UNDER_WAY.includes(link.status) }),
        link.review && tag("review", strings.link.events.review), moneyTag(link), troubleTag(link), buyerTags(link)),
      h("span.cell-text", textOf(link)),
      h("span.cell-when", whenOf(link))));
}

/** What does not go as it should, beside what is said of the text. */
function troubleTag(link) {
  const trouble = link.failure && link.status !== "failed" ? "link_failed" : paymentState(link);
  return TROUBLE.includes(trouble) && tag(`notice-${trouble}`, strings.order.notices[trouble]);
}

/** Why the buyer gets no reminder. */
function buyerTags({ expected, opted_out: isOptedOut }) {
  return [expected?.status === "pending" && tag("notice-processing", strings.links.paysOn(dateText(expected.on))),
    isOptedOut && tag("notice-unread", strings.conversations.optedOut)];
}

function textOf(link) {
  const t = strings.links;
  return [link.delivery ? h(`span.state.state-${link.delivery}`, strings.message.states[link.delivery] ?? humanised(link.delivery)) : h("span.quiet", t.noText),
    link.viewed_at && [h("span.quiet", " ·"), " ", h("span.quiet", t.viewed)]];
}

function whenOf(link) {
  const t = strings.links;
  if (link.paid_at) return [t.paid, " ", time(link.paid_at, { short: true })];
  if (["unpaid", "processing", "creating"].includes(link.status)) return [t.until, " ", dayText(new Date(link.expires_at))];
  return [t.made, " ", time(link.created_at, { short: true })];
}

/** What can be done with those that are chosen. */
function drawBar(bar, list, state, refresh) {
  const t = strings.links;
  const chosen = [...state.chosen.values()];
  const here = state.items.filter((link) => state.chosen.has(link.id)).length;
  bar.hidden = chosen.length === 0;
  const open = chosen.filter((link) => link.status === "unpaid");
  const texted = open.filter(isTold);
  const chooseNone = () => {
    state.chosen.clear();
    for (const box of list.querySelectorAll("input[type=checkbox]")) box.checked = false;
    drawBar(bar, list, state, refresh);
  };
  const done = () => {
    chooseNone();
    refresh();
  };
  swap(bar, chosen.length > 0 && [
    h("strong", { "aria-live": "polite" }, t.chosen(chosen.length)),
    state.hasPages && h("span.quiet", t.onThisPage(here)),
    may("send") && h("button.primary", { type: "button", key: "send-many", disabled: open.length === 0, onclick: () => sendMany(open, chosen.length, done) }, icon("send"), t.send(open.length)),
    may("send") && h("button", { type: "button", key: "remind-many", disabled: texted.length === 0, onclick: () => remindMany(texted, chosen.length, done) }, icon("send"), t.remind(texted.length)),
    may("write") && h("button.quiet-danger", { type: "button", key: "void-many", disabled: open.length === 0, onclick: () => voidMany(open, chosen.length, done) }, icon("void"), t.void(open.length)),
    h("button", { type: "button", key: "export-many", onclick: () => exportLinks(state.narrowed, new Set(chosen.map((link) => link.id))) }, icon("download"), t.export),
    h("button", { type: "button", key: "choose-none", onclick: chooseNone }, t.chooseNone),
  ]);
}

/** The address was narrowed without the router: the plain one may be the one that it still knows. */
function showAll(event) {
  event.preventDefault();
  history.replaceState(history.state, "", hashOf(PATH));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
