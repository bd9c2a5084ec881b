// The list of orders.

import { csv, getPage } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { money, ofToday, tag, time } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { complain } from "../lib/notify.js";
import { pager } from "../lib/pager.js";
import { narrow, title } from "../lib/router.js";
import { save } from "../lib/save.js";
import { may } from "../lib/scope.js";
import { strings } from "../strings.js";
import { newOrder } from "./order-new.js";
import { noticeTags } from "./order-notices.js";
import { empty, failure, pageHead, region } from "./page.js";
import { totalOf } from "./totals.js";

const PATH = "/orders";
const TYPING = 250;
const OVERDUE = "overdue";
const TAGS = ["", "none", "unpaid", "overdue", "paid"];

/** Draws the list, narrowed as the address says. */
export function showOrders({ root, query }) {
  const t = strings.orders;
  title(t.title);
  const list = region("div.card.list-card");
  const narrowed = { q: query.q, tag: query.tag, overdue: query.overdue, cursor: query.cursor };
  const total = totalOf(PATH, strings.orders.count);
  let lately;
  const following = live({
    name: () => `orders ${JSON.stringify(narrowed)}`,
    load: (signal) => getPage(PATH, { query: { ...narrowed }, signal }),
    hears: ({ kind }) => ["order.updated", "link.updated", "message.updated"].includes(kind),
    show: (page) => {
      lately = page.items[0]?.currency ?? lately;
      drawList(list, page, narrowed);
      total.follow(narrowed, page);
    },
    fail: (problem) => failure(list, problem, () => following.refresh()),
    pace: (page) => (page.items.some((order) => order.tag === "unpaid") ? PACE.watched : PACE.calm),
  });
  const change = (changes) => {
    Object.assign(narrowed, { cursor: undefined }, changes);
    narrow(PATH, narrowed);
    following.refresh();
  };
  const add = may("write") && h("button.primary", { type: "button", key: "new-order", onclick: () => newOrder(lately) }, icon("plus"), t.add);
  const many = may("write") && h("a.button", { href: "#/batches", key: "many" }, icon("upload"), t.many);
  const all = h("button", { type: "button", key: "export", onclick: () => exportOrders(narrowed) }, icon("download"), t.exportAll);
  swap(root, pageHead(t.title, { buttons: [all, many, add] }), filters(narrowed, change), list, total.node);
  return following.stop;
}

function filters(narrowed, change) {
  const t = strings.orders;
  let typing;
  const search = h("input", {
    type: "search", placeholder: t.searchHint, "aria-label": t.search, value: narrowed.q ?? "", autocomplete: "off",
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => change({ q: search.value.trim() }), TYPING);
    },
  });
  const chosen = narrowed.overdue ? OVERDUE : (narrowed.tag ?? "");
  const choices = TAGS.map((value) => h("label.choice",
    h("input", { type: "radio", name: "tag", value, checked: value === chosen, onchange: () => change(value === OVERDUE ? { tag: undefined, overdue: "true" } : { tag: value, overdue: undefined }) }),
    h("span", value === "" ? t.all : value === OVERDUE ? t.overdue : strings.tags[value])));
  return h("div.filters",
    h("div.search", icon("search"), search),
    h("fieldset.choices", h("legend.visually-hidden", t.filter), choices));
}

function drawList(list, page, narrowed) {
  const t = strings.orders;
  if (page.items.length === 0) {
    const isNarrowed = narrowed.q || narrowed.tag || narrowed.overdue || narrowed.cursor;
    swap(list, isNarrowed
      ? empty(t.nothingFound, null, h("a.button", { href: `#${PATH}`, onclick: reload }, t.clear))
      : empty(t.emptyTitle, t.empty, may("write") && h("button.primary", { type: "button", key: "first-order", onclick: () => newOrder() }, icon("plus"), t.add)));
    return;
  }
  const head = h("div.row.row-head", { "aria-hidden": "true" },
    h("span", t.columns.number), h("span", t.columns.buyer), h("span", t.columns.created),
    h("span.amount", t.columns.amount), h("span.row-tag", t.columns.tag));
  swap(list, head, h("ul.rows", { "aria-label": t.list }, page.items.map(row)), pager(PATH, narrowed, page.next_cursor));
}

function row(order) {
  return h("li", h("a.row", { href: `#${PATH}/${order.id}`, key: order.id },
    h("span.row-number", order.number),
    h("span.row-buyer", h("bdi", order.customer.name || strings.erased)),
    h("span.row-created", time(order.created_at, { short: true })),
    h("span.row-amount.amount", money(order.amount, order.currency)),
    h("span.row-tag", tag(`order-${order.tag}`, strings.tags[order.tag]), noticeTags(order))));
}

/** Saves the orders to which the list is narrowed. */
async function exportOrders({ cursor: _, ...narrowed }) {
  try {
    save(await csv(PATH, { query: narrowed }), ofToday(strings.orders.file));
  } catch (problem) {
    complain(problem);
  }
}

/** The address was narrowed without the router: the plain one may be the one that it still knows. */
function reload(event) {
  event.preventDefault();
  narrow(PATH, {});
  dispatchEvent(new HashChangeEvent("hashchange"));
}
