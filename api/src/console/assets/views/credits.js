// Credits: what there is, and where it went.

import { addressOf, get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { humanised, number, signed, time } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { live } from "../lib/live.js";
import { pager } from "../lib/pager.js";
import { person } from "../lib/people.js";
import { title } from "../lib/router.js";
import { strings } from "../strings.js";
import { drawSales, readSales } from "./credits-buy.js";
import { empty, failure, pageHead, region } from "./page.js";

const PATH = "/credits";

/** Draws the balance and a page of the ledger. */
export function showCredits({ root, query }) {
  const t = strings.credits;
  title(t.title);
  const low = h("p.notice.notice-warn.low", { role: "status", hidden: true });
  const balance = h("div.stats");
  const sales = h("section.card.setting.sales", { hidden: true });
  const ledger = region("section.card.list-card");
  const following = live({
    name: () => `credits ${query.cursor ?? ""}`,
    load: async (signal) => {
      const [credits, page, sold] = await Promise.all([
        get("/credits", { signal }), get("/credits/entries", { query: { cursor: query.cursor, changing: "true" }, signal }), readSales(signal),
      ]);
      return { credits, page, sold };
    },
    hears: ({ kind }) => kind === "credits.updated",
    show: ({ credits, page, sold }) => {
      const lowSays = sold.packs.length > 0 ? t.buy.low : t.low;
      swap(low, credits.low && [icon("warning"), credits.available > 0 ? lowSays(credits.available) : t.out]);
      low.hidden = !credits.low;
      swap(balance, stat(t.available, credits.available, t.availableHint), stat(t.held, credits.held, t.heldHint));
      drawSales(sales, sold, () => following.refresh());
      drawLedger(ledger, page, query);
    },
    fail: (problem) => failure(ledger, problem, () => following.refresh()),
  });
  const csv = h("a.button", { href: addressOf("/credits/entries", { format: "csv" }), download: t.file }, icon("download"), t.csv);
  swap(root, pageHead(t.title, { buttons: [csv] }), low, balance, sales, ledger);
  return following.stop;
}

function stat(name, value, hint) {
  return h("div.card.stat", h("p.stat-name", name), h("p.stat-value", number(value)), h("p.quiet", hint));
}

function drawLedger(ledger, page, query) {
  const t = strings.credits;
  if (page.items.length === 0) return swap(ledger, empty(t.ledger, t.empty));
  const { what, available, after } = t.columns;
  swap(ledger,
    h("table.ledger",
      h("caption", t.ledger),
      h("thead", h("tr", h("th", { scope: "col" }, what), [available, after].map((name) => h("th.amount", { scope: "col" }, name)))),
      h("tbody", page.items.map(row))),
    pager(PATH, query, page.next_cursor));
}

function row(entry) {
  return h("tr",
    h("td", h("span.entry-kind", strings.credits.kinds[entry.kind] ?? humanised(entry.kind)),
      h("span.entry-more", time(entry.created_at, { short: true }), textOf(entry), entry.note && h("span", entry.note))),
    h("td.amount", change(entry.amount)), h("td.amount", number(entry.available_after)));
}

/** To whom a text went, of which order, and who sent it. */
function textOf(entry) {
  const what = [entry.customer_name, entry.order_number && strings.order.title(entry.order_number)].filter(Boolean).join(strings.comma);
  const named = entry.order_id ? h("a", { href: `#/orders/${entry.order_id}` }, what) : what && h("span", what);
  return [named, person(entry.sent_by)];
}

function change(value) {
  const kind = value > 0 ? "gain" : value < 0 ? "loss" : "nothing";
  return h(`span.${kind}`, signed(value));
}
